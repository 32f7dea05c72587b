// Items on their way from one thread to another, in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace tcpautopsy {

// Of batches, since waking a thread costs more than most items do. Bounded: who puts waits for who takes.
template <class Item>
class Channel {
 public:
  using Batch = std::vector<Item>;

  // False once it is shut: nobody takes any more.
  bool put(Batch&& batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return shut_ || waiting_.size() < kMostBatches; });
    if (shut_) return false;
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }
  // No more will come.
  void end() { set(ended_); }
  void shut() { set(shut_); }

  // False where no more will come, or it is shut.
  bool take(Batch& batch) {
    std::unique_lock lock(mutex_);
    busy_ = false;
    changed_.notify_all();
    changed_.wait(lock, [this] { return shut_ || ended_ || !waiting_.empty(); });
    if (shut_ || waiting_.empty()) return false;
    batch = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    changed_.notify_all();
    return true;
  }
  // Waits until all that was put is taken and who took it asked for more, or it is shut.
  void settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return shut_ || (waiting_.empty() && !busy_); });
  }

 private:
  static constexpr std::size_t kMostBatches = 8;

  void set(bool& what) {
    const std::lock_guard lock(mutex_);
    what = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool busy_ = false, ended_ = false, shut_ = false;
};

}  // namespace tcpautopsy
