// An analysis that runs in a thread of its own, while another takes its flows one by one.
#pragma once

#include <tcpautopsy/tcpautopsy.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace tcpautopsy::python {

// A flow that outlasts the call that handed it out: its views are of its own strings.
struct KeptFlow {
  explicit KeptFlow(const Flow& told);
  KeptFlow(const KeptFlow&) = delete;
  KeptFlow& operator=(const KeptFlow&) = delete;

  Flow flow;

 private:
  std::string handshake_, close_, closed_first_;
};

// At most kWaiting flows wait to be taken: who takes slowly slows the analysis down and needs no more memory.
class Reading : public std::enable_shared_from_this<Reading> {
 public:
  // Held by a shared_ptr: while it reads, its thread holds it too. Throws Error of kind Option.
  explicit Reading(Options options);
  ~Reading();

  // Before the first take(). Throws Error of kind Option.
  void add_detector(Detector detector);
  // Likewise; none for null.
  void set_stream_reader(std::shared_ptr<StreamReader> reader);

  // The next flow, none once all is read; the first call begins to read. Throws what ended the analysis, and
  // what `meanwhile` throws, which is called ten times a second while no flow is there.
  std::unique_ptr<KeptFlow> take(const std::function<void()>& meanwhile);
  // None until take() has returned none.
  const std::optional<Result>& result() const { return result_; }
  // Ends the analysis, and returns when it has ended, unless a detector calls it; take() returns none from
  // then on.
  void close();

 private:
  void run();
  void add(const Flow& flow);
  void start();

  std::shared_ptr<StreamReader> streams_;  // outlives what calls it
  Analysis analysis_;
  std::thread thread_;
  std::once_flag started_, joined_;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<std::unique_ptr<KeptFlow>> waiting_;
  bool closed_ = false, ended_ = false;
  std::exception_ptr failure_;
  std::optional<Result> read_;  // handed over with the end

  std::optional<Result> result_;
};

}  // namespace tcpautopsy::python
