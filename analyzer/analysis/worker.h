// A thread that does to each item what one thread would do at once: in order, a little later.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <utility>

#include "analyzer/analysis/channel.h"

namespace tcpautopsy {

template <class Item>
class Worker {
 public:
  explicit Worker(std::function<void(Item&&)> work) : work_(std::move(work)), thread_([this] { run(); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // What it has not begun by then is left undone.
  ~Worker() {
    channel_.shut();
    thread_.join();
  }

  // What the work throws is thrown to the thread that puts or settles next.
  void put(Item&& item) {
    batch_.push_back(std::move(item));
    if (batch_.size() >= kBatch) hand_on();
  }
  // All that was put is done.
  void settle() {
    hand_on();
    channel_.settle();
    throw_if_failed();
  }

 private:
  static constexpr std::size_t kBatch = 32;

  void hand_on() {
    if (batch_.empty()) return;
    if (!channel_.put(std::exchange(batch_, {}))) throw_if_failed();
  }
  void throw_if_failed() {
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
  }
  void run() {
    typename Channel<Item>::Batch batch;
    try {
      while (channel_.take(batch))
        for (Item& item : batch) work_(std::move(item));
    } catch (...) {
      failed_ = std::current_exception();  // read by the other thread only once the channel is shut
      channel_.shut();
    }
  }

  std::function<void(Item&&)> work_;
  Channel<Item> channel_;
  typename Channel<Item>::Batch batch_;
  std::exception_ptr failed_;
  std::thread thread_;
};

}  // namespace tcpautopsy
