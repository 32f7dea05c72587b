// A stream of bytes read once, front to back: a file, standard input, or what a decompressor makes of another
// stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/capture/expansion.h"
#include "analyzer/capture/frame.h"

namespace tcpautopsy {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Up to `size` bytes; 0 at the end or where the stream is broken, then error() says why.
  virtual std::size_t read(std::uint8_t* to, std::size_t size) = 0;

  // Empty while nothing is wrong.
  virtual const std::string& error() const = 0;

  // Octets of the file on disk that were taken for what was read so far.
  virtual std::uint64_t taken() const = 0;

  // How many times that may come out (expansion.h).
  virtual std::uint64_t most_expansion() const = 0;
};

// Opens a file, or standard input for "-". Throws CaptureError.
std::unique_ptr<ByteSource> open_file(const std::string& path,
                                      std::uint64_t most_expansion = kUsualExpansion);

// A buffer over another stream that can look ahead without losing anything, so that a format is told from its
// first bytes even where one cannot seek, and a record is seen in one piece without being copied. It ends,
// with an error, where the stream expands too far (expansion.h).
class ByteWindow final : public ByteSource {
 public:
  explicit ByteWindow(std::unique_ptr<ByteSource> upstream);

  // The next `size` bytes, not yet consumed; nullptr if the stream ends before. The view lives until the next
  // call of ahead(), skip() or read(); consume() leaves it alone.
  const std::uint8_t* ahead(std::size_t size) { return buffered() >= size ? at_ : fill(size); }

  // What ahead() has at hand after it failed, at most `size` bytes.
  Bytes rest(std::size_t size) const;

  void consume(std::size_t size) { at_ += size; }
  bool skip(std::uint64_t size);

  // Bytes consumed so far.
  std::uint64_t offset() const { return origin_ + static_cast<std::uint64_t>(at_ - buffer_.data()); }

  std::size_t read(std::uint8_t* to, std::size_t size) override;
  const std::string& error() const override { return error_.empty() ? upstream_->error() : error_; }
  std::uint64_t taken() const override { return upstream_->taken(); }
  std::uint64_t most_expansion() const override { return upstream_->most_expansion(); }

 private:
  std::size_t more(std::uint8_t* to, std::size_t size);
  std::size_t buffered() const { return static_cast<std::size_t>(end_ - at_); }
  const std::uint8_t* fill(std::size_t size);

  std::unique_ptr<ByteSource> upstream_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t origin_ = 0;  // offset of the buffer's first byte in the stream
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t arrived_ = 0;  // from upstream
  std::string error_;
};

}  // namespace tcpautopsy
