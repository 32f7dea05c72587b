#include "analyzer/report/text/catalogue.h"

#include <fmt/format.h>

#include "analyzer/detect/detector.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy {
namespace {

constexpr std::string_view kRules = R"(# The findings catalogue

Every finding that tcpautopsy reports: its id, its scope (flow, host), its severity unless the summary says why it is
another, and what must be seen for it to be said. `tcpautopsy explain ID` tells more of one: what happened, how it is
known from the packets, usual causes, how to confirm it on the hosts, what to change and what that costs, advice often
given that is wrong, and the RFC section. This file is printed from the detectors (`build/dev/tests/catalogue`).

## Rules for all
- Said only on evidence. Where packets cannot tell two causes apart, the summary names both and `certainty` is
  `possible` or `likely`. The thresholds below are options (`--set ID.NAME=VALUE`), with these defaults.
- "T" is the capture point. A segment seen at T toward an endpoint may still be lost after T; one lost before T is
  never seen.
- Told from the sender's own repeats, a finding needs only that direction: retransmission_timeout, syn_unanswered and
  the like are said for one-sided flows too.
- A finding that rests on "never seen" (handshake_ack_missing, fin_unanswered, connect_timeout, peer_unresponsive,
  keepalive_timeout, close_wait_stuck, half_open_abandoned, capture_loss) is not said for a flow, or a host pair, of
  which only one direction is captured.
- "To the end" means to the capture's end as contract.md defines it.
- Scope flow: one record for a flow, id and endpoint, with `count`, first and last time, and its frames. Scope host:
  one for a host, port, id and episode; episodes are 60 s apart below the threshold. A few are told once for a whole
  capture too (most packets doubled, checksums that the sending card fills in): scope capture.
- One RST gets one warning: keepalive_reset, then idle_timeout, then zero_window_stuck, then request_unanswered, then
  rst_unread_data, then rst_abort; peer_restarted only where an established flow's own traffic is answered so; the
  others are told as evidence or info.
- Ids are not exclusive unless said: connect_timeout comes with syn_unanswered; lost_final_ack with
  fin_retransmitted. nagle_delay silences delayed_ack_stall; keepalive_timeout and zero_window_stuck silence
  peer_unresponsive. A flow finding that is part of a host finding carries `"part_of":"syn_flood"` and counts as info.
- `endpoint` is the one whose action or state the finding names: the one that sends again, that resets, that
  advertises the window, that sits in CLOSE-WAIT; for connect_* and syn_* the client; null where both.
)";

}  // namespace

std::string catalogue_markdown() {
  std::string out(kRules), phase;
  for (const Detector* detector : detectors()) {
    const Doc& doc = detector->doc;
    if (phase != doc.phase) {
      phase = doc.phase;
      out += fmt::format("\n## {}\n| id | scope | severity | said when |\n|---|---|---|---|\n", phase);
    }
    out += fmt::format("| {} | {} | {} | {} |\n", doc.id, name(doc.scope), name(doc.severity), doc.said_when);
  }
  return out;
}

}  // namespace tcpautopsy
