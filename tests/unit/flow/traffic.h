// Segments by hand, and the flows a FlowTable makes of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/flow/flow_table.h"

namespace tcpautopsy::flow_test {

// The two ends of most tests. A sends first unless a test has it otherwise.
constexpr std::uint32_t kIssA = 0xFFFFFF00U, kIssB = 0x7FFFFFF0U;  // both wrap early

EndpointAddress end(const char* dotted, std::uint16_t port);
EndpointAddress client();
EndpointAddress server();

// A segment from `source`; numbers as on the wire.
TcpSegment segment(const EndpointAddress& source, const EndpointAddress& destination, std::uint16_t flags,
                   std::uint32_t seq, std::uint32_t ack = 0, std::uint32_t payload = 0);

// What the table made of a flow.
struct HandedOut : FlowTrace {
  PeerWords words;
};

// A capture of one or more connections. Each packet comes 10 ms after the one before, with its own IP ID.
class Traffic {
 public:
  explicit Traffic(FlowOptions options = {});

  // Relative numbers: the SYN is 0.
  Traffic& a(std::uint16_t flags, std::int64_t seq, std::int64_t ack = 0, std::uint32_t payload = 0);
  Traffic& b(std::uint16_t flags, std::int64_t seq, std::int64_t ack = 0, std::uint32_t payload = 0);
  Traffic& handshake();
  Traffic& close();             // both FINs and their ACKs, after nothing but the handshake
  Traffic& feed(TcpSegment s);  // as it is, but for the IP ID where it is 0
  Traffic& again(std::int64_t after_ns, int ttl_less = 0);  // the last packet once more, alike to the IP ID
  Traffic& wait(TimeNs ns);
  Traffic& reuse(std::uint32_t iss_a, std::uint32_t iss_b);
  Traffic& on(std::uint32_t encapsulation);

  std::vector<HandedOut> finish();  // by number
  std::uint64_t last_flow() const { return last_flow_; }
  FlowTable& table() { return table_; }
  const std::vector<HandedOut>& done() const { return done_; }

  std::uint16_t window = 1000;
  bool timestamps = false;
  TimeNs now = 1'600'000'000 * kSecond;
  TimeNs step = 10 * kMillisecond;
  std::uint64_t fed = 0;

 private:
  std::vector<HandedOut> done_;
  FlowTable table_;
  TcpSegment last_;
  std::uint32_t iss_a_ = kIssA, iss_b_ = kIssB, encapsulation_ = 0, ip_id_ = 0;
  std::uint64_t last_flow_ = 0;
};

std::string flags_of(const FlowTrace& trace);  // "A:S B:SA A:A": who sent what, record by record

}  // namespace tcpautopsy::flow_test
