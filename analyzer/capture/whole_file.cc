#include "analyzer/capture/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace tcpautopsy {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw std::system_error(errno, std::generic_category(), path);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

WholeFile::WholeFile(std::string path) : path_(std::move(path)), folder_(folder_of(path_)) {
  struct stat status {};
  const bool exists = ::lstat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) errno = EISDIR, fail(path_);
  if (exists && S_ISREG(status.st_mode) && ::access(path_.c_str(), W_OK) != 0) fail(path_);
  open_without_name();
  if (fd_ < 0) open_beside();
}

WholeFile::~WholeFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!name_.empty()) ::unlink(name_.c_str());
}

void WholeFile::open_without_name() {
  // It is named through /proc.
  if (::access("/proc/self/fd", X_OK) == 0)
    fd_ = ::open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

void WholeFile::open_beside() {
  do {
    name_ = next_name();
    fd_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (fd_ < 0 && errno == EEXIST);
  if (fd_ >= 0) return;
  name_.clear();
  fail(path_);
}

// Of one length whatever `path_` is: its own may be as long as names can be.
std::string WholeFile::next_name() {
  static std::atomic<unsigned> count{0};
  return folder_ + "/.tcpautopsy-" + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".part";
}

void WholeFile::write(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t wrote = ::write(fd_, octets.data(), octets.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail(path_);
    octets.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void WholeFile::take_over_rights() {
  struct stat old {};
  if (::lstat(path_.c_str(), &old) != 0 || !S_ISREG(old.st_mode)) return;
  // Only root may give a file away; who may not keeps it.
  if (::fchown(fd_, old.st_uid, old.st_gid) != 0) errno = 0;
  if (::fchmod(fd_, old.st_mode & 07777) != 0) fail(path_);
}

void WholeFile::give_name() {
  const std::string own = "/proc/self/fd/" + std::to_string(fd_);
  std::string name;
  do {
    name = next_name();
    if (::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      name_ = std::move(name);
      return;
    }
  } while (errno == EEXIST);
  fail(path_);
}

void WholeFile::commit() {
  take_over_rights();
  if (name_.empty()) give_name();
  // Some file systems tell of a full disk only now.
  if (::close(std::exchange(fd_, -1)) != 0) fail(path_);
  if (std::rename(name_.c_str(), path_.c_str()) != 0) fail(path_);
  name_.clear();
}

}  // namespace tcpautopsy
