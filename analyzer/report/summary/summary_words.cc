#include "analyzer/report/summary/summary_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/report/text/text.h"
#include "analyzer/report/text/time_text.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

struct Sums {
  std::uint64_t files = 0, packets = 0, filtered = 0, cut = 0, dropped = 0, duplicates = 0, joined = 0;
  bool drops_known = false;
  std::optional<TimeNs> first, last;
  DecodeCounts decoded;
  std::vector<LimitMet> limits;
};

void add(DecodeCounts& sum, const DecodeCounts& more) {
  sum.tcp += more.tcp;
  sum.icmp_errors += more.icmp_errors;
  sum.other += more.other;
  sum.fragments_held += more.fragments_held;
  sum.cut_short += more.cut_short;
  sum.malformed += more.malformed;
  sum.unknown_link_type += more.unknown_link_type;
  sum.fragments_dropped += more.fragments_dropped;
}

void add(std::vector<LimitMet>& sum, const std::vector<LimitMet>& more) {
  if (sum.empty()) {
    sum = more;
    return;
  }
  for (std::size_t i = 0; i < more.size(); ++i) sum.at(i).count += more[i].count;
}

Sums sums_of(const Summary& summary) {
  Sums s;
  for (const CaptureOverview& capture : summary.captures()) {
    for (const CaptureInfo& file : capture.files) {
      ++s.files;
      s.packets += file.packets;
      s.filtered += file.filtered_out;
      s.cut += file.cut_packets;
      if (file.dropped) s.drops_known = true, s.dropped += *file.dropped;
      if (file.first_ns) s.first = std::min(s.first.value_or(*file.first_ns), *file.first_ns);
      if (file.last_ns) s.last = std::max(s.last.value_or(*file.last_ns), *file.last_ns);
    }
    s.duplicates += capture.facts.copies_dropped;
    s.joined += capture.facts.halves_joined;
    add(s.decoded, capture.decoded);
    add(s.limits, capture.limits);
  }
  return s;
}

// "a 3, b 1" of those that are not 0.
std::string listed(const std::vector<std::pair<std::uint64_t, std::string_view>>& counts) {
  std::string out;
  for (const auto& [count, what] : counts) {
    if (count == 0) continue;
    out += (out.empty() ? "" : ", ") + grouped(count) + ' ' + std::string(what);
  }
  return out;
}

std::string files_text(const Summary& summary, const Sums& sums) {
  std::string out;
  std::size_t said = 0;
  for (const CaptureOverview& capture : summary.captures())
    for (const CaptureInfo& file : capture.files)
      if (said++ < 4) out += (out.empty() ? "" : ", ") + printable(file.file) + " (" + file.format + ")";
  if (said > 4) out += fmt::format(" and {} more", said - 4);
  if (sums.files > 1) {
    out += summary.captures().size() == 1 ? "; taken as one capture"
                                          : fmt::format("; {} captures", summary.captures().size());
  }
  return out;
}

// The name of a file without its folders.
std::string short_name(const Summary& summary) {
  for (const CaptureOverview& capture : summary.captures())
    for (const CaptureInfo& file : capture.files)
      return printable(file.file.substr(file.file.find_last_of('/') + 1));
  return "no file";
}

// Where the capture was taken, as far as the shortest round trips of each flow tell.
std::string vantage_text(const Summary& summary) {
  const auto clients = summary.rtt_to_clients().median(), servers = summary.rtt_to_servers().median();
  if (!clients && !servers) return "";
  const auto say = [](const Spread& spread) {
    if (spread.count() == 0) return std::string("not measured");
    return fmt::format("{} ({} to {})", readable_span(*spread.median()), readable_span(*spread.least()),
                       readable_span(*spread.most()));
  };
  std::string out = fmt::format("round trip to the clients {}, to the servers {}",
                                say(summary.rtt_to_clients()), say(summary.rtt_to_servers()));
  if (!clients || !servers) return out;
  if (*clients > mul_sat(*servers, 5))
    out += ": near the servers";
  else if (*servers > mul_sat(*clients, 5))
    out += ": near the clients";
  return out;
}

// "connect_timeout 3, lost_final_ack 1", most frequent first.
std::string ids_text(const Service& service) {
  std::vector<std::pair<std::uint64_t, std::string_view>> counts;
  for (const auto& [id, count] : service.ids) counts.emplace_back(count, id);
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string out;
  for (const auto& [count, id] : counts)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", id, grouped(count));
  return out;
}

// What the bounds of our tables made coarser or left out.
std::string limits_text(const Sums& s) {
  std::string out;
  for (const LimitMet& limit : s.limits)
    if (limit.count > 0) out += (out.empty() ? "" : ", ") + limit.text();
  return out;
}

std::string span_text(const Sums& sums) {
  if (!sums.first || !sums.last) return "no packets";
  return fmt::format("{} to {}, {}", readable_time(*sums.first), readable_time(*sums.last),
                     readable_span(*sums.last - *sums.first));
}

}  // namespace

std::vector<Labelled> capture_words(const Summary& summary) {
  const Sums s = sums_of(summary);
  const DecodeCounts& d = s.decoded;
  std::vector<Labelled> out{{"Capture", files_text(summary, s)}, {"Span", span_text(s)}};
  std::string packets = grouped(s.packets);
  const std::string kinds =
      listed({{d.tcp, "TCP"},
              {d.icmp_errors, d.icmp_errors == 1 ? "ICMP error about TCP" : "ICMP errors about TCP"},
              {d.other, "other"},
              {d.fragments_held, d.fragments_held == 1 ? "fragment" : "fragments"},
              {s.filtered, "left out by the filter"}});
  if (!kinds.empty()) packets += ": " + kinds;
  out.emplace_back("Packets", packets);
  const std::string unread = listed({{d.cut_short, "with headers cut off by the snap length"},
                                     {d.malformed, "malformed"},
                                     {d.unknown_link_type, "of an unknown link type"},
                                     {d.fragments_dropped, "incomplete fragments"}});
  if (!unread.empty()) out.emplace_back("Not read", unread);
  if (std::string limits = limits_text(s); !limits.empty()) out.emplace_back("Limits met", std::move(limits));
  if (s.dropped > 0)
    out.emplace_back("Drops", "the capture itself dropped " + plural(s.dropped, "packet", "packets"));
  else if (s.drops_known)
    out.emplace_back("Drops", "none, says the capture");
  if (s.duplicates > 0)
    out.emplace_back("Duplicates", plural(s.duplicates, "packet", "packets") + " captured twice, left out");
  if (s.joined > 0)
    out.emplace_back("Joined", plural(s.joined, "connection", "connections") +
                                   " whose two directions have different VLANs or tunnels");
  if (std::string where = vantage_text(summary); !where.empty())
    out.emplace_back("Capture point", std::move(where));
  return out;
}

std::vector<Labelled> outcome_words(const Summary& summary) {
  const auto closes = [met = summary.closes()](std::string_view word) {
    const auto found = met.find(word);
    return found == met.end() ? 0 : found->second;
  };
  std::vector<Labelled> out{{"Connections", grouped(summary.connections())}};
  if (summary.connections() == 0) return out;
  out.emplace_back("Opening", listed({{summary.count(Handshake::Complete), "complete"},
                                      {summary.count(Handshake::FastOpen), "fast open"},
                                      {summary.count(Handshake::Simultaneous), "simultaneous"},
                                      {summary.count(Handshake::None), "open before the capture"},
                                      {summary.count(Handshake::Refused), "refused"},
                                      {summary.count(Handshake::Filtered), "filtered"},
                                      {summary.count(Handshake::SynOnly), "unanswered"},
                                      {summary.count(Handshake::HalfOpen), "half open"},
                                      {summary.count(Handshake::Aborted), "aborted"},
                                      {summary.count(Handshake::SynAckOnly), "SYN-ACK only"}}));
  const std::string ends = listed({{closes("both_fin"), "closed by both ends"},
                                   {closes("client_fin"), "closed by the client only"},
                                   {closes("server_fin"), "closed by the server only"},
                                   {closes("client_rst"), "reset by the client"},
                                   {closes("server_rst"), "reset by the server"},
                                   {closes("timeout"), "timed out"},
                                   {closes("open") - summary.never_opened(), "still open"},
                                   {summary.never_opened(), "never opened"}});
  out.emplace_back("Closing", ends);
  return out;
}

std::string nothing_examined_text(const Summary& summary) {
  if (summary.connections() > 0) return "";
  const Sums s = sums_of(summary);
  std::uint64_t flows = 0;
  for (const CaptureOverview& capture : summary.captures()) flows += capture.facts.flows;
  const std::string nothing = "Nothing was examined: ";
  if (flows > 0)
    return nothing + (flows == 1 ? "the capture's only connection is not in the selection"
                                 : fmt::format("none of {} connections is in the selection", grouped(flows)));
  if (s.packets == 0) return nothing + "no packet in the capture";
  if (s.filtered == s.packets)
    return nothing + plural(s.packets, "packet", "packets") + ", none passes the filter";
  return nothing + plural(s.packets, "packet", "packets") +
         (s.decoded.tcp == 0 ? ", none of them TCP" : ", no TCP connection among them");
}

std::string incidents_count_text(const Summary& summary) {
  std::array<std::uint64_t, 4> by_severity{};
  for (const auto& [number, incident] : summary.incidents())
    ++by_severity[static_cast<std::size_t>(incident.severity)];
  std::string out;
  const auto say = [&](Severity severity, std::string_view one, std::string_view many) {
    const std::uint64_t count = by_severity[static_cast<std::size_t>(severity)];
    if (count > 0) out += (out.empty() ? "" : ", ") + plural(count, one, many);
  };
  say(Severity::Error, "error", "errors");
  say(Severity::Warning, "warning", "warnings");
  say(Severity::Note, "note", "notes");
  return out;
}

std::vector<Labelled> short_words(const Summary& summary) {
  const Sums s = sums_of(summary);
  const DecodeCounts& d = s.decoded;
  std::string read = s.files == 1 ? short_name(summary) : plural(s.files, "file", "files");
  read += ", " + plural(s.packets, "packet", "packets");
  if (s.first && s.last)
    read += fmt::format(", {} from {} UTC", readable_span(*s.last - *s.first),
                        readable_time(*s.first).substr(0, 19));
  std::vector<Labelled> out{{"Capture", std::move(read)}};
  const std::uint64_t unread = d.cut_short + d.malformed + d.unknown_link_type + d.fragments_dropped;
  const std::string missed = listed(
      {{s.dropped, s.dropped == 1 ? "packet dropped by the capture" : "packets dropped by the capture"},
       {unread, "not decodable"}});
  if (!missed.empty()) out.emplace_back("Missed", missed);
  if (s.duplicates > 0)
    out.emplace_back("Duplicates",
                     plural(s.duplicates, "packet", "packets") + " captured twice, counted once");
  if (std::string limits = limits_text(s); !limits.empty()) out.emplace_back("Limits met", std::move(limits));
  if (summary.connections() == 0) return out;
  const std::vector<Labelled> outcome = outcome_words(summary);
  out.emplace_back("Connections", grouped(summary.connections()) + ": " + outcome.at(1).second);
  if (!outcome.at(2).second.empty()) out.emplace_back("Ended", outcome.at(2).second);
  return out;
}

std::string title_of(std::string_view id) {
  const Detector* detector = find_detector(id);
  return detector == nullptr ? std::string(id) : std::string(detector->doc.title);
}

std::string look_at(const FindingGroup& group) {
  if (group.kept.empty() || !group.kept.front().finding.flow) return "explain " + std::string(group.id);
  return fmt::format("history --flow {}", *group.kept.front().finding.flow);
}

Table troubled_table(const Summary& summary, std::size_t most) {
  Table table({"service", "connections", "not opened", "errors", "warnings", "what"}, {1, 2, 3, 4});
  table.may_leave_out({"not opened", "connections", "warnings"});
  for (const auto& [address, service] : summary.troubled(most)) {
    table.add({to_string(address), grouped(service->connections), grouped(service->failed),
               grouped(service->errors), grouped(service->warnings), ids_text(*service)});
  }
  return table;
}

std::string severities_text(const std::array<std::uint64_t, 4>& by_severity) {
  return fmt::format("{}, {}, {}, {} info", plural(by_severity[3], "error", "errors"),
                     plural(by_severity[2], "warning", "warnings"), plural(by_severity[1], "note", "notes"),
                     grouped(by_severity[0]));
}

std::string subject_text(const KeptFinding& kept) {
  const Finding& finding = kept.finding;
  if (finding.host)
    return to_string(*finding.host) + (finding.port ? fmt::format(" port {}", *finding.port) : "");
  if (!finding.flow) return "the capture";
  std::string out = fmt::format("flow {}, {} > {}", *finding.flow, kept.client, kept.server);
  return kept.endpoint.empty() ? out : out + ", " + kept.endpoint;
}

}  // namespace tcpautopsy
