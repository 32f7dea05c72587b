// From connections that are over to their histories, on one thread or several, in the order they were over.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/flow/finished_flow.h"
#include "analyzer/infer/historian.h"

namespace tcpautopsy {

// What is told does not depend on the number of threads. The histories of one connection and the next are
// worked out apart; only what is told of one of the same addresses needs the history of the one before, which
// is then told first.
//
// Memory goes round: what one thread allocates, it frees or uses again itself, since allocators are slow
// where threads free what others allocated.
class HistoryQueue {
 public:
  // What was worked out of a connection; good until the call returns.
  struct Told {
    FlowResult result;  // without findings
    std::optional<std::uint64_t> next;
    CopiesLeftOut copies;
  };
  using Tell = std::function<void(Told&)>;

  // `threads`: those at work in all, the caller's too; one or more. `tell` is called by add() and settle(),
  // on the caller's thread, and must not come back. Both rethrow what a history threw.
  HistoryQueue(unsigned threads, const Profile& profile, Tell tell);
  ~HistoryQueue();
  HistoryQueue(const HistoryQueue&) = delete;
  HistoryQueue& operator=(const HistoryQueue&) = delete;

  // `end_ns`: the capture's end, as far as it is known.
  void add(FinishedFlow&& flow, TimeNs end_ns);
  // Tells all that were added.
  void settle();
  // What is known of the incarnation before the flow of this number, which lives; null if nothing.
  std::shared_ptr<const PreviousIncarnation> before(std::uint64_t number) const;

 private:
  static constexpr std::size_t kBatch = 16;       // connections
  static constexpr std::size_t kWaitingEach = 3;  // batches a thread, before the caller lends a hand

  struct Task {
    FinishedFlow flow;
    std::shared_ptr<const PreviousIncarnation> previous;
    TimeNs end_ns = 0;
    std::size_t journal_begin = 0;  // in the batch's octets
  };
  struct Bench;
  // Of the tasks of one batch.
  struct Results {
    std::vector<Told> told = std::vector<Told>(kBatch);
    Bench* owner = nullptr;
  };
  // What a thread keeps from one connection to the next.
  struct Bench {
    Historian historian;
    FinishedFlow::Workbench workbench;
    std::vector<std::unique_ptr<Results>> idle;  // under mutex_
  };
  enum class Stage : std::uint8_t { Waiting, AtWork, Done };
  struct Batch {
    std::vector<Task> tasks;
    std::vector<std::uint8_t> octets;  // of journals
    std::unique_ptr<Results> results;  // of the thread that was at work on it
    std::exception_ptr failure;
    Stage stage = Stage::Waiting;  // under mutex_
  };

  void conclude(Task& task, Bench& bench, Told& told) const;
  void work_through(Batch& batch, Bench& bench) const;
  void tell(Told& told);
  void work_on_next(std::unique_lock<std::mutex>& lock, Bench& bench);
  void start_workers();
  std::unique_ptr<Batch> empty_batch();
  void submit();
  void finish_first();
  void tell_first();
  void tell_done();
  bool first_done();
  void run_worker(Bench& bench);

  const unsigned threads_;
  const Profile profile_;
  const Tell tell_;
  Bench own_;    // the caller's
  Task single_;  // where there is but one thread
  Told single_told_;
  // By the number of the next incarnation, which lives.
  std::unordered_map<std::uint64_t, std::shared_ptr<const PreviousIncarnation>> predecessors_;
  std::unordered_set<std::uint64_t> awaited_;  // numbers of flows whose predecessor is not told yet
  std::unique_ptr<Batch> filling_;
  std::vector<std::unique_ptr<Batch>> idle_;
  std::deque<std::unique_ptr<Batch>> in_order_;  // submitted, the first to be told first
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<Batch*> waiting_;  // under mutex_
  bool closing_ = false;        // under mutex_
  std::deque<Bench> benches_;   // the workers'
  std::vector<std::thread> workers_;
  bool started_ = false;
};

}  // namespace tcpautopsy
