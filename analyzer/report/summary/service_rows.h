// How services fared: the rows of a report's section of hosts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/hosts/host_book.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// One address and port to which connections were made.
struct ServiceRow {
  EndpointAddress service;
  std::uint64_t connections = 0;
  std::uint64_t opened = 0, failed = 0;             // the rest began before the capture
  std::array<std::uint64_t, kOutcomes> outcomes{};  // of the attempts whose SYN was captured
  Population::Peak half_open;         // attempts that waited at once, longer than a handshake takes
  Population::Peak time_wait;         // of the service's endpoints
  Population::Peak client_time_wait;  // of that client host's toward it which had most
  std::optional<IpAddress> client;    // that host
  std::uint64_t closed_by_service = 0, closed_by_client = 0, closed_by_both = 0;
  std::vector<std::uint64_t> load;  // most endpoints of the service at once, TIME-WAIT aside, by span of time
  bool whole = true;                // else some of it is of other services, less than a quarter

  std::optional<double> failure_rate() const;  // of 1
};

struct TimeSpan {
  TimeNs from_ns = 0, until_ns = 0;
};

// Those with most connections, most of them first; `load` is of `spans` spans of equal length.
std::vector<ServiceRow> busiest_services(const HostBook& book, std::size_t most, TimeSpan time,
                                         std::size_t spans);

std::string_view name(Outcome outcome);  // as JSON has it: "completed", "half_open"
// "430 opened, 3 refused, 1 unanswered"
std::string outcome_text(const ServiceRow& row);
// "client 98 %": who sent the first FIN or RST of most; empty where nobody closed.
std::string closes_first_text(const ServiceRow& row);
// "0.7 %"; "-" where all connections began before the capture.
std::string failure_text(const ServiceRow& row);
// "1,500 at 10.0.0.1", or that of the service itself if it had more; "-" without any.
std::string time_wait_text(const ServiceRow& row);

// A column a value, as high as its share of the greatest: "▁▄█", or in ASCII.
std::string sparkline(const std::vector<std::uint64_t>& values, Bars bars);

}  // namespace tcpautopsy
