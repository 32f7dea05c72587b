#include "analyzer/flow/pending_syn.h"

#include <algorithm>

#include "analyzer/flow/incarnations.h"

namespace tcpautopsy {

void PendingSyn::take(const TcpSegment& segment, const FrameRef& frame, bool copy) {
  segments_.push_back({segment, frame, copy, nullptr});
  // The frame's octets are gone by the time it is looked at again.
  if (keep_octets_) {
    const auto& octets = segments_.back().octets =
        std::make_shared<const std::vector<std::uint8_t>>(segment.payload.begin(), segment.payload.end());
    segments_.back().segment.payload = Bytes(*octets);
    return;
  }
  let_go_of_payload(segments_.back().segment);
}

// The number of a RST without a socket is that of the ACK it answers (RFC 9293 3.5.2).
bool PendingSyn::answers_challenge(const TcpSegment& rst) const {
  return std::any_of(segments_.begin(), segments_.end(), [&](const HeldSegment& held) {
    return held.segment.source != rst.source && is_plain_ack(held.segment) && held.segment.ack == rst.seq;
  });
}

bool PendingSyn::only_challenged() const {
  const EndpointAddress& opener = segments_.front().segment.source;
  const auto by_opener = std::count_if(segments_.begin(), segments_.end(), [&](const HeldSegment& held) {
    return !held.copy && held.segment.source == opener;
  });
  return by_opener == 1 && std::any_of(segments_.begin(), segments_.end(),
                                       [](const HeldSegment& held) { return is_plain_ack(held.segment); });
}

PendingSyn::Verdict PendingSyn::from_syn_sender(const TcpSegment& segment, LiveFlow& before) const {
  const Seq iss = segments_.front().segment.seq;
  // Of another number it may be as forged as the first.
  if (opens(segment)) return Verdict::Wait;
  // Its RST to a challenge shows that it no longer knows the connection (RFC 9293 3.5.1). Any other may be
  // forged too, or one that the connection outlives.
  if (is_rst(segment))
    return answers_challenge(segment) || resets_unseen_challenge(before, segment) ? Verdict::Opens
                                                                                  : Verdict::Wait;
  const bool of_new = segment.seq.raw() - iss.raw() <= kSameStream;
  if (of_new && before.misfit(segment) > 1) return Verdict::Opens;
  return before.misfit(segment) <= kSameStream ? Verdict::Forged : Verdict::Opens;
}

PendingSyn::Verdict PendingSyn::from_syn_receiver(const TcpSegment& segment, LiveFlow& before) const {
  if (acknowledges(segment, segments_.front().segment.seq)) return Verdict::Opens;
  if (is_syn_ack(segment) || opens(segment)) return Verdict::Opens;
  return before.misfit(segment) <= kSameStream ? Verdict::Wait : Verdict::Opens;
}

PendingSyn::Verdict PendingSyn::judge(const TcpSegment& segment, const FrameRef& frame, bool copy,
                                      LiveFlow& before) {
  const bool same_sender = segment.source == segments_.front().segment.source;
  Verdict verdict = same_sender ? from_syn_sender(segment, before) : from_syn_receiver(segment, before);
  if (verdict == Verdict::Wait && segments_.size() == kMost) verdict = Verdict::Opens;
  if (verdict == Verdict::Wait) take(segment, frame, copy);
  return verdict;
}

}  // namespace tcpautopsy
