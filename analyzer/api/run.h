// One run of the public interface over its captures.
#pragma once

#include <string>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/capture/capture_set.h"
#include "analyzer/causes/cause_book.h"
#include "tcpautopsy/analysis.h"

namespace tcpautopsy::v1 {

struct Callbacks {
  std::function<void(const Flow&)> flow;
  std::function<bool(std::uint64_t)> progress;
  std::vector<Detector> detectors;
  StreamReader* stream = nullptr;
};

class Run {
 public:
  // All must outlive it.
  Run(const Options& options, const AnalysisOptions& settings, const Callbacks& callbacks)
      : options_(options), settings_(settings), callbacks_(callbacks) {}

  Result all();

 private:
  struct Group;

  void run(const CaptureGroup& files);
  void read(Group& group);
  void on_flow(Group& group, const FlowResult& flow);
  void finish(Group& group);
  void examine(Flow& flow) const;

  const Options& options_;
  const AnalysisOptions& settings_;
  const Callbacks& callbacks_;
  CauseBook causes_;
  std::vector<tcpautopsy::LimitMet> limits_;
  Result result_;
  bool read_ = false;
};

}  // namespace tcpautopsy::v1
