// A capture that is in memory, and what is done where a promise is broken.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "analyzer/capture/byte_source.h"

namespace tcpautopsy::fuzz {

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(Bytes bytes) : bytes_(bytes) {}
  std::size_t read(std::uint8_t* to, std::size_t size) override {
    const std::size_t count = std::min(size, bytes_.size() - at_);
    std::copy_n(bytes_.data() + at_, count, to);
    at_ += count;
    return count;
  }
  const std::string& error() const override { return none_; }
  std::uint64_t taken() const override { return at_; }
  std::uint64_t most_expansion() const override { return kUsualExpansion; }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  std::string none_;
};

inline void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace tcpautopsy::fuzz
