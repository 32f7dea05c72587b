#include "analyzer/transfer/incidents.h"

#include <algorithm>

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {

Incidents::Incidents(const Incidents& from) : log_(from.log_ ? std::make_unique<Log>(*from.log_) : nullptr) {}

Incidents& Incidents::operator=(const Incidents& from) {
  if (this != &from) log_ = from.log_ ? std::make_unique<Log>(*from.log_) : nullptr;
  return *this;
}

void Incidents::add(const FrameRef& frame, TimeNs took_ns) {
  if (!log_) log_ = std::make_unique<Log>();
  ++log_->count;
  log_->total_ns = add_sat(log_->total_ns, took_ns);
  log_->latest_ns = took_ns;
  log_->longest_ns = std::max(log_->longest_ns, took_ns);
  show(frame);
}

void Incidents::show(const FrameRef& frame) {
  if (!log_) return;
  if (log_->first.size() < kFramesKept) {
    log_->first.push_back(frame);
  } else if (log_->last.size() < kFramesKept) {
    log_->last.push_back(frame);
  } else {
    log_->last[log_->shown % kFramesKept] = frame;
  }
  ++log_->shown;
}

void Incidents::prolong(TimeNs more_ns) {
  if (!log_) return;
  log_->total_ns = add_sat(log_->total_ns, more_ns);
  log_->latest_ns = add_sat(log_->latest_ns, more_ns);
  log_->longest_ns = std::max(log_->longest_ns, log_->latest_ns);
}

std::vector<FrameRef> Incidents::frames() const {
  if (!log_) return {};
  std::vector<FrameRef> all = log_->first;
  const std::size_t oldest = log_->last.size() < kFramesKept ? 0 : log_->shown % kFramesKept;
  for (std::size_t i = 0; i < log_->last.size(); ++i)
    all.push_back(log_->last[(oldest + i) % log_->last.size()]);
  return all;
}

}  // namespace tcpautopsy
