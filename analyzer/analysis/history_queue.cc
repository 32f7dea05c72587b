#include "analyzer/analysis/history_queue.h"

#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace tcpautopsy {
namespace {

// In the place of what was there: a history is some kilobytes to move.
template <class T, class Make>
void make_anew(T& place, Make make) {
  std::destroy_at(&place);
  try {
    ::new (static_cast<void*>(&place)) T(make());
  } catch (...) {
    ::new (static_cast<void*>(&place)) T();
    throw;
  }
}

}  // namespace

HistoryQueue::HistoryQueue(unsigned threads, const Profile& profile, Tell tell)
    : threads_(threads), profile_(profile), tell_(std::move(tell)) {}

// Few connections are over before it is worth while. Where the system gives no thread, those there are do it.
void HistoryQueue::start_workers() {
  started_ = true;
  try {
    for (unsigned t = 1; t < threads_; ++t)
      workers_.emplace_back([this, &bench = benches_.emplace_back()] { run_worker(bench); });
  } catch (const std::system_error&) {
  }
}

HistoryQueue::~HistoryQueue() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    waiting_.clear();
  }
  work_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void HistoryQueue::conclude(Task& task, Bench& bench, Told& told) const {
  EndedFlow ended = task.flow.end(bench.workbench);
  told.next = ended.next;
  told.copies = ended.copies;
  bench.historian.reuse(std::move(told.result.history));
  make_anew(told.result.history, [&] {
    return bench.historian.conclude(std::move(ended), std::move(task.previous), profile_, task.end_ns);
  });
}

void HistoryQueue::tell(Told& told) {
  const FlowHistory& history = told.result.history;
  predecessors_.erase(history.trace.number);
  if (told.next) {
    predecessors_[*told.next] = summarise(history);
    awaited_.erase(*told.next);
  }
  tell_(told);
}

std::shared_ptr<const PreviousIncarnation> HistoryQueue::before(std::uint64_t number) const {
  const auto known = predecessors_.find(number);
  return known == predecessors_.end() ? nullptr : known->second;
}

void HistoryQueue::add(FinishedFlow&& flow, TimeNs end_ns) {
  if (awaited_.contains(flow.number)) settle();
  std::shared_ptr<const PreviousIncarnation> previous = before(flow.number);
  if (threads_ == 1) {
    single_ = {std::move(flow), std::move(previous), end_ns, 0};
    conclude(single_, own_, single_told_);
    return tell(single_told_);
  }
  if (!filling_) filling_ = empty_batch();
  Batch& batch = *filling_;
  if (flow.next) awaited_.insert(*flow.next);
  const Bytes journal = flow.journal;
  batch.tasks.push_back({std::move(flow), std::move(previous), end_ns, batch.octets.size()});
  batch.octets.insert(batch.octets.end(), journal.begin(), journal.end());
  if (batch.tasks.size() < kBatch) return;
  if (!started_) start_workers();
  submit();
  tell_done();
}

std::unique_ptr<HistoryQueue::Batch> HistoryQueue::empty_batch() {
  if (idle_.empty()) return std::make_unique<Batch>();
  std::unique_ptr<Batch> batch = std::move(idle_.back());
  idle_.pop_back();
  return batch;
}

void HistoryQueue::submit() {
  if (!filling_) return;
  Batch& batch = *filling_;
  for (Task& task : batch.tasks)
    task.flow.journal = Bytes(batch.octets).subspan(task.journal_begin, task.flow.journal.size());
  batch.stage = Stage::Waiting;
  in_order_.push_back(std::move(filling_));
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&batch);
  }
  work_.notify_one();
}

void HistoryQueue::work_through(Batch& batch, Bench& bench) const {
  try {
    if (!batch.results) {
      batch.results = std::make_unique<Results>();
      batch.results->owner = &bench;
    }
    for (std::size_t i = 0; i < batch.tasks.size(); ++i)
      conclude(batch.tasks[i], bench, batch.results->told[i]);
  } catch (...) {
    batch.failure = std::current_exception();
  }
}

// Gives the lock up while it is at work.
void HistoryQueue::work_on_next(std::unique_lock<std::mutex>& lock, Bench& bench) {
  Batch& batch = *waiting_.front();
  waiting_.pop_front();
  batch.stage = Stage::AtWork;
  if (!bench.idle.empty()) {
    batch.results = std::move(bench.idle.back());
    bench.idle.pop_back();
  }
  lock.unlock();
  work_through(batch, bench);
  lock.lock();
  batch.stage = Stage::Done;
}

void HistoryQueue::run_worker(Bench& bench) {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (closing_) return;
    work_on_next(lock, bench);
    done_.notify_one();
  }
}

bool HistoryQueue::first_done() {
  const std::lock_guard lock(mutex_);
  return in_order_.front()->stage == Stage::Done;
}

void HistoryQueue::tell_done() {
  while (!in_order_.empty() && (in_order_.size() > kWaitingEach * (workers_.size() + 1) || first_done()))
    tell_first();
}

// The caller lends a hand as long as anything waits.
void HistoryQueue::finish_first() {
  const Batch& first = *in_order_.front();
  std::unique_lock lock(mutex_);
  while (first.stage != Stage::Done) {
    if (waiting_.empty()) {
      done_.wait(lock);
    } else {
      work_on_next(lock, own_);
    }
  }
}

void HistoryQueue::tell_first() {
  finish_first();
  std::unique_ptr<Batch> batch = std::move(in_order_.front());
  in_order_.pop_front();
  if (batch->failure) std::rethrow_exception(batch->failure);
  for (std::size_t i = 0; i < batch->tasks.size(); ++i) tell(batch->results->told[i]);
  {
    const std::lock_guard lock(mutex_);
    Bench& owner = *batch->results->owner;
    owner.idle.push_back(std::move(batch->results));
  }
  batch->tasks.clear();
  batch->octets.clear();
  idle_.push_back(std::move(batch));
}

void HistoryQueue::settle() {
  submit();
  while (!in_order_.empty()) tell_first();
}

}  // namespace tcpautopsy
