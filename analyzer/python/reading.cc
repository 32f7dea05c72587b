#include "analyzer/python/reading.h"

#include <chrono>
#include <utility>

namespace tcpautopsy::python {
namespace {

constexpr std::size_t kWaiting = 256;
constexpr std::chrono::milliseconds kMeanwhile{100};

// Ends an analysis whose flows nobody takes any more.
struct Closed {};

}  // namespace

KeptFlow::KeptFlow(const Flow& told)
    : flow(told), handshake_(told.handshake), close_(told.close), closed_first_(told.closed_first) {
  flow.handshake = handshake_;
  flow.close = close_;
  flow.closed_first = closed_first_;
}

Reading::Reading(Options options) : analysis_(std::move(options)) {
  analysis_.on_flow([this](const Flow& flow) { add(flow); });
  analysis_.on_progress([this](std::uint64_t) {
    const std::lock_guard lock(mutex_);
    return !closed_;
  });
}

Reading::~Reading() { close(); }

void Reading::add_detector(Detector detector) { analysis_.add_detector(std::move(detector)); }

void Reading::set_stream_reader(std::shared_ptr<StreamReader> reader) {
  streams_ = std::move(reader);
  analysis_.set_stream_reader(streams_.get());
}

void Reading::start() {
  std::call_once(started_, [this] { thread_ = std::thread([self = shared_from_this()] { self->run(); }); });
}

void Reading::run() {
  std::optional<Result> read;
  std::exception_ptr failure;
  try {
    read = analysis_.run();
  } catch (const Closed&) {
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  read_ = std::move(read);
  failure_ = std::move(failure);
  ended_ = true;
  changed_.notify_all();
}

void Reading::add(const Flow& flow) {
  auto kept = std::make_unique<KeptFlow>(flow);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || waiting_.size() < kWaiting; });
  if (closed_) throw Closed{};
  waiting_.push_back(std::move(kept));
  changed_.notify_all();
}

std::unique_ptr<KeptFlow> Reading::take(const std::function<void()>& meanwhile) {
  std::unique_lock lock(mutex_);
  if (closed_) return nullptr;
  start();
  while (!changed_.wait_for(lock, kMeanwhile, [this] { return ended_ || closed_ || !waiting_.empty(); })) {
    lock.unlock();
    meanwhile();
    lock.lock();
  }
  if (closed_) return nullptr;
  if (waiting_.empty()) {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    if (read_) result_ = std::exchange(read_, std::nullopt);
    return nullptr;
  }
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  changed_.notify_all();
  return next;
}

void Reading::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
    changed_.notify_all();
  }
  std::call_once(joined_, [this] {
    if (!thread_.joinable()) return;
    // What a detector leaves to the garbage collector may close this: the thread cannot wait for itself, and
    // goes on to its end.
    thread_.get_id() == std::this_thread::get_id() ? thread_.detach() : thread_.join();
  });
}

}  // namespace tcpautopsy::python
