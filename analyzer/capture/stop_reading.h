// Ending all reading early: a user's wish, not damage.
#pragma once

#include <atomic>

namespace tcpautopsy {

namespace detail {
inline std::atomic<bool> reading_stopped{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");
}  // namespace detail

// From now on every reader of captures and archives, in every thread, is at its end after what it holds
// already (some hundred kilobytes), and none tells that as damage. For good; a signal handler may call it.
inline void stop_reading() noexcept { detail::reading_stopped.store(true, std::memory_order_relaxed); }
inline bool reading_stopped() noexcept { return detail::reading_stopped.load(std::memory_order_relaxed); }

}  // namespace tcpautopsy
