#include "traffic.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace tcpautopsy::flow_test {

EndpointAddress end(const char* dotted, std::uint16_t port) {
  std::uint8_t four[4] = {};
  std::istringstream text(dotted);
  for (std::uint8_t& octet : four) {
    unsigned value = 0;
    text >> value;
    text.ignore(1);
    octet = static_cast<std::uint8_t>(value);
  }
  return {IpAddress::v4(four), port};
}

EndpointAddress client() { return end("10.0.0.1", 40000); }
EndpointAddress server() { return end("10.0.0.2", 80); }

TcpSegment segment(const EndpointAddress& source, const EndpointAddress& destination, std::uint16_t flags,
                   std::uint32_t seq, std::uint32_t ack, std::uint32_t payload) {
  TcpSegment s;
  s.source = source;
  s.destination = destination;
  s.flags = flags;
  s.seq = Seq(seq);
  s.ack = Seq(ack);
  s.payload_length = payload;
  s.window = 1000;
  s.ttl = 64;
  s.has_ip_id = true;
  s.wire_length = 54 + payload;
  s.checksum = Checksum::Good;
  return s;
}

Traffic::Traffic(FlowOptions options)
    : table_(std::move(options), [this](FinishedFlow&& finished) {
        EndedFlow flow = finished.end();
        table_.count_copies(flow.copies);
        done_.push_back({std::move(flow.trace), std::move(flow.words)});
      }) {}

Traffic& Traffic::feed(TcpSegment s) {
  if (s.ip_id == 0) s.ip_id = ++ip_id_;
  ++fed;
  last_ = s;
  last_flow_ = table_.add(s, FrameRef{0, fed, now});
  now += step;
  return *this;
}

Traffic& Traffic::a(std::uint16_t flags, std::int64_t seq, std::int64_t ack, std::uint32_t payload) {
  TcpSegment s = segment(client(), server(), flags, iss_a_ + static_cast<std::uint32_t>(seq),
                         iss_b_ + static_cast<std::uint32_t>(ack), payload);
  s.encapsulation = encapsulation_;
  s.window = window;
  s.options.has_timestamps = timestamps;
  return feed(s);
}

Traffic& Traffic::b(std::uint16_t flags, std::int64_t seq, std::int64_t ack, std::uint32_t payload) {
  TcpSegment s = segment(server(), client(), flags, iss_b_ + static_cast<std::uint32_t>(seq),
                         iss_a_ + static_cast<std::uint32_t>(ack), payload);
  s.encapsulation = encapsulation_;
  s.window = window;
  s.options.has_timestamps = timestamps;
  return feed(s);
}

Traffic& Traffic::handshake() { return a(kSyn, 0).b(kSyn | kAck, 0, 1).a(kAck, 1, 1); }
Traffic& Traffic::close() { return a(kFin | kAck, 1, 1).b(kAck, 1, 2).b(kFin | kAck, 1, 2).a(kAck, 2, 2); }

Traffic& Traffic::again(std::int64_t after_ns, int ttl_less) {
  TcpSegment s = last_;
  s.ttl = static_cast<std::uint8_t>(s.ttl - ttl_less);
  now += after_ns - step;
  ++fed;
  last_flow_ = table_.add(s, FrameRef{0, fed, now});
  now += step;
  return *this;
}

Traffic& Traffic::wait(TimeNs ns) {
  now += ns;
  return *this;
}

Traffic& Traffic::reuse(std::uint32_t iss_a, std::uint32_t iss_b) {
  iss_a_ = iss_a;
  iss_b_ = iss_b;
  return *this;
}

Traffic& Traffic::on(std::uint32_t encapsulation) {
  encapsulation_ = encapsulation;
  return *this;
}

std::vector<HandedOut> Traffic::finish() {
  table_.finish();
  std::sort(done_.begin(), done_.end(),
            [](const FlowTrace& x, const FlowTrace& y) { return x.number < y.number; });
  return std::move(done_);
}

std::string flags_of(const FlowTrace& trace) {
  std::string text;
  for (const SegmentRecord& r : trace.records) {
    if (!text.empty()) text += ' ';
    text += r.side == Side::A ? "A:" : "B:";
    const std::pair<TcpFlag, char> letters[] = {
        {kSyn, 'S'}, {kFin, 'F'}, {kRst, 'R'}, {kPsh, 'P'}, {kAck, 'A'}};
    for (const auto& [flag, letter] : letters) {
      if (r.has(flag)) text += letter;
    }
  }
  return text;
}

}  // namespace tcpautopsy::flow_test
