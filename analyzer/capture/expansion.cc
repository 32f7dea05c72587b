#include "analyzer/capture/expansion.h"

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kFree = std::uint64_t{64} << 20;

}  // namespace

bool expands_too_far(std::uint64_t out, std::uint64_t taken, std::uint64_t times) {
  return out > kFree && out / times > taken;
}

}  // namespace tcpautopsy
