#include "analyzer/capture/expansion.h"

#include <atomic>

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kFree = std::uint64_t{64} << 20;

std::atomic<std::uint64_t> most{kUsualExpansion};

}  // namespace

void set_most_expansion(std::uint64_t times) { most = times; }
std::uint64_t most_expansion() { return most; }

bool expands_too_far(std::uint64_t out, std::uint64_t taken) { return out > kFree && out / most > taken; }

}  // namespace tcpautopsy
