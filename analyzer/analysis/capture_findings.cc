#include "analyzer/analysis/capture_findings.h"

#include <algorithm>
#include <string>

#include "analyzer/detect/evidence.h"
#include "analyzer/seq/frame_order.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kHostsNamed = 8;
constexpr std::uint64_t kFewestOffloaded = 3;

Finding about_capture(std::string_view id) {
  Finding finding;
  finding.id = id;
  finding.severity = Severity::Info;
  finding.scope = Scope::Capture;
  return finding;
}

}  // namespace

std::optional<Finding> duplicates_finding(const CaptureFacts& facts, TimeNs last_ns) {
  if (facts.copies_dropped == 0 && facts.translated_copies == 0) return std::nullopt;
  Finding f = about_capture("packet_duplicated");
  if (facts.copies_dropped > 0) cite(f, facts.first_copy);
  if (facts.translated_copies > 0) cite(f, facts.first_translated);
  f.end_ns = std::max(f.end_ns, last_ns);
  f.count = facts.copies_dropped > 0 ? facts.copies_dropped : facts.translated_copies;
  if (facts.copies_dropped > 0)
    f.summary = std::to_string(facts.copies_dropped) +
                " packets were captured twice (a mirror port, or a capture on several interfaces) and left "
                "out of the analysis";
  if (facts.translated_copies > 0)
    f.summary +=
        (f.summary.empty() ? "" : "; ") + count_text(facts.translated_copies, "connection") +
        " captured a second time on the other side of an address translation (NAT): what is told of both "
        "counts once";
  prove(f, "packets", facts.copies_dropped);
  prove(f, "host_pairs", facts.copied_pairs);
  if (facts.translated_copies > 0) prove(f, "connections", facts.translated_copies);
  return f;
}

void OffloadBook::note(const FlowHistory& flow) {
  if (!flow.transfer) return;
  for (const Side side : {Side::A, Side::B}) {
    const ChecksumFacts& sums = flow.transfer->marks[index(side)].checksums;
    if (!sums.offloaded()) continue;
    ++ends_;
    segments_ += sums.bad;
    if (hosts_.size() < kMostHosts) hosts_.insert(flow.trace.facts(side).address.ip);
    const auto frames = sums.wrong.frames();
    if (first_.number == 0 || comes_before(frames.front(), first_)) first_ = frames.front();
    if (last_.number == 0 || comes_before(last_, frames.back())) last_ = frames.back();
  }
}

std::optional<Finding> OffloadBook::finding() const {
  if (segments_ < kFewestOffloaded) return std::nullopt;
  Finding f = about_capture("bad_checksum");
  cite(f, first_);
  f.end_ns = std::max(f.end_ns, last_.time_ns);
  f.count = segments_;
  std::string named;
  std::size_t left = kHostsNamed;
  for (const IpAddress& host : hosts_) {
    if (left-- == 0) break;
    named += (named.empty() ? "" : ", ") + to_string(host);
  }
  if (hosts_.size() > kHostsNamed) named += ", ...";
  f.certainty = Certainty::Likely;
  f.summary =
      count_text(segments_, "segment") + " of " + named +
      " with wrong TCP checksums, none of them damaged: the capture sees them before the network card "
      "fills the checksum in (offload), or after the system has joined segments";
  prove(f, "segments", segments_);
  prove(f, "ends_of_connections", ends_);
  prove(f, "hosts", hosts_.size());
  return f;
}

}  // namespace tcpautopsy
