#include "analyzer/report/sockets/socket_counts.h"

#include <fmt/format.h>

#include <numeric>

#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

template <class ByState>
std::uint64_t total_of(const ByState& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// Calls `f(state, count)` for each state with any.
template <class ByState, class F>
void each_state(const ByState& counts, F f) {
  for (std::size_t s = 0; s < counts.size(); ++s)
    if (counts[s] > 0) f(static_cast<TcpState>(s), counts[s]);
}

// "12 ESTABLISHED, 1 TIME-WAIT".
template <class ByState>
std::string states_text(const ByState& counts) {
  std::string out;
  each_state(counts, [&](TcpState s, std::uint64_t count) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", grouped(count), name(s));
  });
  return out;
}

std::vector<std::string> with(std::vector<std::string> row, std::string last) {
  row.push_back(std::move(last));
  return row;
}

// The first lines of `ss -s`, as far as packets tell them.
template <class Hosts>
std::string totals_text(TimeNs at, const Hosts& hosts) {
  typename Hosts::mapped_type all{};
  std::uint64_t v4 = 0, v6 = 0;
  for (const auto& [host, counts] : hosts) {
    for (std::size_t s = 0; s < counts.size(); ++s) all[s] += counts[s];
    (host.is_v4() ? v4 : v6) += total_of(counts);
  }
  const auto of = [&](TcpState state) { return all[static_cast<std::size_t>(state)]; };
  return fmt::format(
      "{}\nTotal: {} of {}\nTCP:   {} (estab {}, synrecv {}, timewait {}, unknown {})\nIPv4:  {}\nIPv6:  "
      "{}\n\n",
      readable_time(at), plural(v4 + v6, "socket", "sockets"), plural(hosts.size(), "host", "hosts"),
      grouped(v4 + v6), grouped(of(TcpState::Established)), grouped(of(TcpState::SynReceived)),
      grouped(of(TcpState::TimeWait)), grouped(of(TcpState::Unknown)), grouped(v4), grouped(v6));
}

}  // namespace

void SocketCounts::add(TimeNs at, const SocketRow& row) {
  ++moments_[at][row.local.ip][static_cast<std::size_t>(row.state)];
}

std::string SocketCounts::text(const TextStyle& style) const {
  ByState met{};
  for (const auto& [at, hosts] : moments_)
    for (const auto& [host, counts] : hosts)
      each_state(counts, [&](TcpState s, std::uint64_t) { met[static_cast<std::size_t>(s)] = 1; });
  const bool several = moments_.size() > 1;
  std::vector<std::string> header{"HOST", "TOTAL"};
  if (several) header.insert(header.begin(), "TIME");
  std::vector<std::size_t> right{header.size() - 1};
  each_state(met, [&](TcpState s, std::uint64_t) {
    right.push_back(header.size());
    header.emplace_back(name(s));
  });
  Table table(std::move(header), std::move(right));
  // Where that is too wide: the states of each host in words.
  Table narrow(several ? std::vector<std::string>{"TIME", "HOST", "TOTAL", "STATES"}
                       : std::vector<std::string>{"HOST", "TOTAL", "STATES"},
               {several ? 2U : 1U});
  std::string out;
  for (const auto& [at, hosts] : moments_) {
    if (!several) out += totals_text(at, hosts);
    for (const auto& [host, counts] : hosts) {
      std::vector<std::string> row{to_string(host), grouped(total_of(counts))};
      if (several) row.insert(row.begin(), readable_time(at));
      narrow.add(with(row, states_text(counts)));
      each_state(met, [&, c = &counts](TcpState s, std::uint64_t) {
        const std::uint64_t count = (*c)[static_cast<std::size_t>(s)];
        row.push_back(count > 0 ? grouped(count) : "-");
      });
      table.add(std::move(row));
    }
  }
  if (table.empty()) return out;
  narrow.may_leave_out({"TIME"});
  const std::string wide = table.text({0, false});
  const bool fits = style.width == 0 || columns(wide.substr(0, wide.find('\n'))) <= style.width;
  return out + (fits ? table : narrow).text(style);
}

std::string SocketCounts::ndjson() const {
  std::string out;
  for (const auto& [at, hosts] : moments_) {
    for (const auto& [host, counts] : hosts) {
      JsonWriter w(out);
      w.begin_object();
      w.field("schema", 1);
      w.word_field("at", rfc3339(at));
      w.field("at_ns", at);
      w.field("host", to_string(host));
      w.field("total", total_of(counts));
      w.key("count");
      w.begin_object();
      each_state(counts, [&](TcpState s, std::uint64_t count) { w.field(name(s), count); });
      w.end_object();
      w.end_object();
      out += '\n';
    }
  }
  return out;
}

std::string SocketCounts::csv() const {
  std::string out = "at_ns,host,state,count\n";
  for (const auto& [at, hosts] : moments_)
    for (const auto& [host, counts] : hosts)
      each_state(counts, [&, t = at, h = &host](TcpState s, std::uint64_t count) {
        out += fmt::format("{},{},{},{}\n", t, to_string(*h), name(s), count);
      });
  return out;
}

}  // namespace tcpautopsy
