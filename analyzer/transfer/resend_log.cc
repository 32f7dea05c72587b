#include "analyzer/transfer/resend_log.h"

namespace tcpautopsy {

ResendLog::ResendLog(const ResendLog& from) : log_(from.log_ ? std::make_unique<Log>(*from.log_) : nullptr) {}

ResendLog& ResendLog::operator=(const ResendLog& from) {
  if (this != &from) log_ = from.log_ ? std::make_unique<Log>(*from.log_) : nullptr;
  return *this;
}

void ResendLog::add(const FrameRef& frame, RetransmissionCause cause, bool spurious) {
  if (!log_) log_ = std::make_unique<Log>();
  const Resend resend{frame.number, frame.file, cause, spurious};
  if (log_->first.size() < kFirst) {
    log_->first.push_back(resend);
  } else if (log_->last.size() < kLast) {
    log_->last.push_back(resend);
  } else {
    log_->last[(log_->count - kFirst) % kLast] = resend;
  }
  ++log_->count;
}

}  // namespace tcpautopsy
