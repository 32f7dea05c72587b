#include "tests/support/conclude.h"

#include <algorithm>
#include <map>
#include <memory>

#include "analyzer/analysis/part_of.h"
#include "analyzer/analysis/service_book.h"
#include "analyzer/hosts/host_book.h"
#include "analyzer/infer/historian.h"
#include "analyzer/infer/predecessor.h"

namespace tcpautopsy {

namespace {

class FixedServices : public ServiceView {
 public:
  explicit FixedServices(std::uint64_t count) : count_(count) {}
  void note(const EndedConnection& ended) { book_.note(ended); }
  std::uint64_t completed_near(const EndpointAddress&, std::uint64_t, TimeNs, TimeNs) const override {
    return count_;
  }
  std::optional<KeptTimestamp> kept_timestamp(const IpAddress& client, const IpAddress& server,
                                              TimeNs time_ns) const override {
    return book_.kept_timestamp(client, server, time_ns);
  }
  std::uint64_t answered(const EndpointAddress& server) const override { return book_.answered(server); }
  bool not_captured(const IpAddress& from, const IpAddress& to) const override {
    return book_.not_captured(from, to);
  }

 private:
  std::uint64_t count_;
  ServiceBook book_;
};

}  // namespace

Conclusions conclude(const std::vector<Captured>& input, const ConcludeSettings& settings) {
  Conclusions conclusions;
  FixedServices services(settings.services);
  std::map<std::uint64_t, std::shared_ptr<const PreviousIncarnation>> predecessors;
  HostBook book;
  const auto done = [&](FinishedFlow&& finished) {
    EndedFlow flow = finished.end();
    const std::optional<std::uint64_t> next = flow.next;
    const auto previous = predecessors[flow.trace.number];
    FlowHistory history = infer_history(std::move(flow), settings.profile, settings.capture_end_ns,
                                        settings.capture_loss, previous);
    if (next) predecessors[*next] = summarise(history);
    Findings findings = examine({history.trace, history, history.transfer.get(), services});
    const EndedConnection ended(history.trace, history, history.transfer.get());
    services.note(ended);
    book.note(ended);
    conclusions.flows.push_back({std::move(history), std::move(findings)});
  };
  FlowOptions options;
  options.time_wait = settings.profile.time_wait;
  options.long_way = settings.long_way;
  if (settings.keep_all) options.keep_all = [](std::uint64_t) { return true; };
  FlowTable table(std::move(options), done);
  for (const Captured& captured : input) {
    if (const auto* segment = std::get_if<TcpSegment>(&captured.what)) {
      conclusions.flow_of.emplace_back(table.add(*segment, captured.frame));
    } else {
      conclusions.flow_of.push_back(table.add(std::get<IcmpError>(captured.what), captured.frame));
    }
  }
  table.finish();
  std::sort(conclusions.flows.begin(), conclusions.flows.end(), [](const Concluded& a, const Concluded& b) {
    return a.history.trace.number < b.history.trace.number;
  });
  conclusions.host_findings =
      examine_hosts({book, settings.thresholds, settings.profile, settings.capture_end_ns});
  const PartOf parts(conclusions.host_findings);
  for (Concluded& flow : conclusions.flows)
    for (Finding& finding : flow.findings) parts.mark(finding, FlowPlace::of(flow.history.trace));
  return conclusions;
}

Located locate(const std::vector<Concluded>& flows, std::uint64_t frame) {
  for (const Concluded& flow : flows) {
    const auto& records = flow.history.records();
    for (RecordIndex i = 0; i < records.size(); ++i)
      if (records[i].frame.number == frame) return {&flow, i};
  }
  return {};
}

}  // namespace tcpautopsy
