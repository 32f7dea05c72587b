#include "analyzer/capture/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "analyzer/capture/capture_error.h"
#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, bool owned, std::uint64_t most_expansion)
      : fd_(fd), owned_(owned), most_expansion_(most_expansion) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (owned_) ::close(fd_);
  }

  std::size_t read(std::uint8_t* to, std::size_t size) override {
    ssize_t got;
    do {
      got = ::read(fd_, to, size);
    } while (got < 0 && errno == EINTR && !reading_stopped());
    if (got < 0 && errno != EINTR) error_ = std::string("reading failed: ") + std::strerror(errno);
    taken_ += got > 0 ? static_cast<std::uint64_t>(got) : 0;
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

  const std::string& error() const override { return error_; }
  std::uint64_t taken() const override { return taken_; }
  std::uint64_t most_expansion() const override { return most_expansion_; }

 private:
  int fd_;
  bool owned_;
  std::uint64_t most_expansion_;
  std::uint64_t taken_ = 0;
  std::string error_;
};

}  // namespace

std::unique_ptr<ByteSource> open_file(const std::string& path, std::uint64_t most_expansion) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw CaptureError(path + ": " + std::strerror(errno));
  auto source = std::make_unique<FileSource>(fd, !standard_input, most_expansion);
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw CaptureError(path + ": " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw CaptureError(path + ": is a directory");
  // Only a hint: a pipe refuses it and is none the worse.
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return source;
}

ByteWindow::ByteWindow(std::unique_ptr<ByteSource> upstream)
    : upstream_(std::move(upstream)), buffer_(kBufferSize), at_(buffer_.data()), end_(at_) {}

Bytes ByteWindow::rest(std::size_t size) const { return {at_, std::min(size, buffered())}; }

const std::uint8_t* ByteWindow::fill(std::size_t size) {
  origin_ = offset();
  std::size_t have = buffered();
  std::memmove(buffer_.data(), at_, have);
  while (have < size) {
    // Grows with what arrives, not with what a length field claims.
    if (have == buffer_.size()) buffer_.resize(have * 2);
    const std::size_t got = more(buffer_.data() + have, buffer_.size() - have);
    if (got == 0) break;
    have += got;
  }
  at_ = buffer_.data();
  end_ = at_ + have;
  return have >= size ? at_ : nullptr;
}

bool ByteWindow::skip(std::uint64_t size) {
  while (size > buffered()) {
    size -= buffered();
    at_ = end_;
    if (fill(1) == nullptr) return false;
  }
  at_ += size;
  return true;
}

std::size_t ByteWindow::read(std::uint8_t* to, std::size_t size) {
  if (const std::size_t n = std::min(size, buffered()); n > 0) {
    std::memcpy(to, at_, n);
    at_ += n;
    return n;
  }
  const std::size_t got = more(to, size);
  origin_ += got;
  return got;
}

std::size_t ByteWindow::more(std::uint8_t* to, std::size_t size) {
  if (reading_stopped() || !error_.empty()) return 0;
  const std::size_t got = upstream_->read(to, size);
  arrived_ += got;
  if (expands_too_far(arrived_, taken(), most_expansion()))
    error_ = "it expands to more than " + std::to_string(most_expansion()) + " times its size (" +
             std::to_string(arrived_) + " from " + std::to_string(taken()) +
             " bytes; --expansion sets the limit)";
  return got;
}

}  // namespace tcpautopsy
