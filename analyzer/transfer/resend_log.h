// Why each segment of one end was sent again: for graphs, where Incidents keeps only the first and the last.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/seq/frame_ref.h"
#include "analyzer/transfer/retransmission_class.h"

namespace tcpautopsy {

class ResendLog {
 public:
  // Of each connection's end; beyond, those in the middle are left out.
  static constexpr std::size_t kFirst = 2048, kLast = 2048;

  struct Resend {
    std::uint64_t number = 0;  // of the frame
    std::uint32_t file = 0;
    RetransmissionCause cause = RetransmissionCause::Prompt;
    bool spurious = false;  // the receiver had it already
  };

  ResendLog() = default;
  ResendLog(const ResendLog& from);
  ResendLog& operator=(const ResendLog& from);
  ResendLog(ResendLog&&) noexcept = default;
  ResendLog& operator=(ResendLog&&) noexcept = default;

  void add(const FrameRef& frame, RetransmissionCause cause, bool spurious);

  template <class F>
  void each(F take) const {
    if (!log_) return;
    for (const Resend& resend : log_->first) take(resend);
    for (const Resend& resend : log_->last) take(resend);
  }
  std::uint64_t count() const { return log_ ? log_->count : 0; }
  std::size_t octets() const {
    return log_ ? (log_->first.capacity() + log_->last.capacity()) * sizeof(Resend) : 0;
  }

 private:
  struct Log {
    std::vector<Resend> first, last;  // `last` is a ring
    std::uint64_t count = 0;
  };
  std::unique_ptr<Log> log_;
};

}  // namespace tcpautopsy
