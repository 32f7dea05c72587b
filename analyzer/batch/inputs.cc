#include "analyzer/batch/inputs.h"

#include <glob.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy::batch {
namespace {

namespace fs = std::filesystem;

class Finder {
 public:
  void take(const std::string& name) {
    struct stat status {};
    if (::stat(name.c_str(), &status) == 0) return add(name, status, true);
    const int error = errno;
    glob_t matches{};
    const bool any = ::glob(name.c_str(), GLOB_NOSORT | GLOB_TILDE, nullptr, &matches) == 0;
    for (std::size_t i = 0; any && i < matches.gl_pathc; ++i) {
      const std::string path = matches.gl_pathv[i];
      if (::stat(path.c_str(), &status) == 0) add(path, status, true);
    }
    ::globfree(&matches);
    if (!any) missing_[name] = {name, std::strerror(error), error == ENOENT};
  }

  Found result() {
    Found found;
    // In order of path, so that which of its names a file keeps hangs on nothing else.
    std::set<std::pair<dev_t, ino_t>> seen;
    for (auto& [path, entry] : files_)
      if (seen.insert(entry.identity).second) found.files.push_back(std::move(entry.file));
    for (auto& [path, missing] : missing_) found.missing.push_back(std::move(missing));
    return found;
  }

 private:
  void add(const std::string& name, const struct stat& status, bool named) {
    if (S_ISDIR(status.st_mode)) return walk(name);
    if (!S_ISREG(status.st_mode)) {
      if (named) missing_[name] = {name, "is neither a file nor a folder"};
      return;
    }
    std::string path = fs::path(name).lexically_normal().string();
    const std::int64_t mtime = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    Entry& entry = files_[path];
    entry.identity = {status.st_dev, status.st_ino};
    entry.file = {path, static_cast<std::uint64_t>(status.st_size), mtime, named || entry.file.named};
  }

  void walk(const std::string& top) {
    std::vector<std::string> folders{top};
    while (!folders.empty() && !reading_stopped()) {
      const std::string folder = std::move(folders.back());
      folders.pop_back();
      std::error_code error;
      fs::directory_iterator at(folder, error), end;
      while (!error && at != end) {
        visit(at->path().string(), folders);
        at.increment(error);
      }
      if (error) miss(folder, error.value());
    }
  }

  void visit(const std::string& path, std::vector<std::string>& folders) {
    struct stat status {};
    struct stat link {};
    if (::stat(path.c_str(), &status) != 0) return miss(path, errno);
    if (!S_ISDIR(status.st_mode)) return add(path, status, false);
    if (::lstat(path.c_str(), &link) == 0 && S_ISDIR(link.st_mode)) folders.push_back(path);
  }

  void miss(const std::string& path, int error) { missing_[path] = {path, std::strerror(error)}; }

  struct Entry {
    FoundFile file;
    std::pair<dev_t, ino_t> identity;
  };
  std::map<std::string, Entry> files_;
  std::map<std::string, Missing> missing_;
};

}  // namespace

Found find_files(const std::vector<std::string>& names) {
  Finder finder;
  for (const std::string& name : names) finder.take(name);
  return finder.result();
}

}  // namespace tcpautopsy::batch
