// What a report says of all captures together: gathered flow by flow in bounded memory, then put into words.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/analysis/part_of.h"
#include "analyzer/capture/capture_source.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/report/summary/service_rows.h"
#include "analyzer/report/summary/spread.h"
#include "analyzer/report/summary/where_time_went.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy {

// One capture, read to its end.
struct CaptureOverview {
  std::vector<CaptureInfo> files;
  DecodeCounts decoded;
  CaptureFacts facts;
  std::vector<LimitMet> limits;
  Findings findings;                 // scopes C and H
  std::vector<CauseTicket> tickets;  // of each of these
  TimeNs end_ns = 0;
  HostBook hosts;  // of all connections, selected or not
  PartOf parts;    // which findings of flows belong to those of hosts, selected or not
};

// A finding kept to be told in full.
struct KeptFinding {
  Finding finding;
  std::string client, server, endpoint;  // empty where there is none
  std::string filter, file;
  std::optional<FlowPlace> place;  // as long as it may turn out to be part of a host's
};

// All findings of one id.
struct FindingGroup {
  std::string_view id;
  bool may_be_part = false;  // of a host's
  Severity worst = Severity::Info;
  std::array<std::uint64_t, 4> by_severity{};
  std::uint64_t total = 0;
  std::vector<KeptFinding> kept;  // the gravest, then the earliest
};

// Connections to one address and port.
struct Service {
  std::uint64_t connections = 0, failed = 0, errors = 0, warnings = 0;
  std::map<std::string_view, std::uint64_t> ids;  // errors and warnings only
};

class Summary {
 public:
  // Of each id at most `kept_per_id` findings are told in full. `selected`: only some of the connections are
  // added, and services are told of these alone.
  explicit Summary(std::size_t kept_per_id = 10, bool selected = false)
      : kept_per_id_(kept_per_id), selected_(selected) {}

  // `wanted`: of its findings, those to be told; empty for all.
  using Wanted = std::function<bool(const Finding&)>;
  void add(const FlowResult& flow, const Origin& origin, const Wanted& wanted = {});
  // A finding `id` of a flow that was added is part of one about a host: it counts as info, or, where that
  // was not `chosen`, not at all. To be told before the capture is added.
  void demote(std::string_view id, Severity severity, const FlowPlace& flow, bool chosen);
  // Capture-wide findings that were chosen are in `capture.findings`.
  void add(CaptureOverview capture, std::span<const std::string> files);

  // Those of the whole run, worst first; the selection's are told, by their numbers among all.
  void set_incidents(const CauseBook& causes);

  const std::vector<CaptureOverview>& captures() const { return captures_; }
  std::uint64_t connections() const { return connections_; }
  std::uint64_t count(Handshake handshake) const { return handshakes_[static_cast<std::size_t>(handshake)]; }
  // By contract.md's words for `close`; those met.
  std::map<std::string_view, std::uint64_t> closes() const;
  std::uint64_t never_opened() const { return never_opened_; }  // of these `close` is "open"
  // Reset in the name of the client, or else of the server, by a RST that by its verdict another sent.
  std::uint64_t reset_in_name_of(bool client) const { return reset_in_name_[client ? 0 : 1]; }
  const Spread& rtt_to_clients() const { return rtt_clients_; }
  const Spread& rtt_to_servers() const { return rtt_servers_; }
  const TimeTotals& times() const { return times_; }
  // Gravest first, then most frequent, then by id.
  std::vector<const FindingGroup*> groups() const;
  std::array<std::uint64_t, 4> by_severity() const;
  // Those with errors or warnings, worst first.
  std::vector<std::pair<EndpointAddress, const Service*>> troubled(std::size_t most) const;
  // Those with most connections, with their loads over the captures' time.
  std::vector<ServiceRow> services(std::size_t most, std::size_t spans) const;
  // Worst first, with their numbers.
  const std::vector<std::pair<std::uint64_t, Incident>>& incidents() const { return incidents_; }
  bool incidents_crowded() const { return crowded_; }
  bool selected() const { return selected_; }
  std::size_t services_known() const { return hosts_.census().services().known().size(); }

 private:
  void add(const Finding& finding, const FlowTrace* trace, const Origin& origin);
  static void count_trouble(Service& service, const Finding& finding);
  void note_trouble(const EndpointAddress& address, const Finding& finding);
  FindingGroup& group_of(std::string_view id);
  Service* service_of(const FlowHistory& history);
  void keep_gravest(FindingGroup& group, const PartOf& parts);
  void take(HostBook&& hosts);

  std::size_t kept_per_id_;
  bool selected_;
  std::vector<CaptureOverview> captures_;
  std::uint64_t connections_ = 0, never_opened_ = 0;
  std::array<std::uint64_t, 2> reset_in_name_{};  // the client's, the server's
  std::array<std::uint64_t, 10> handshakes_{};
  static constexpr std::size_t kCloses = static_cast<std::size_t>(Close::Timeout) + 1;
  struct CloseCount {
    std::string_view word;
    std::uint64_t count = 0;
  };
  std::array<PerSide<CloseCount>, kCloses> closes_;  // by who is the client
  Spread rtt_clients_, rtt_servers_;
  TimeTotals times_;
  std::map<std::string_view, FindingGroup> groups_;
  std::map<EndpointAddress, Service> services_;
  HostBook hosts_;
  std::vector<std::pair<std::uint64_t, Incident>> incidents_;
  bool crowded_ = false;
};

}  // namespace tcpautopsy
