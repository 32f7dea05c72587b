#include "analyzer/compat/zeek_conn.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>

#include "analyzer/compat/zeek_endpoint.h"

namespace tcpautopsy {

namespace {

// Zeek's likely_server_ports as its default scripts fill it, TCP only.
constexpr std::uint16_t kLikelyServerPorts[] = {
    21,   22,   25,   53,   80,   81,   88,   135,  139,  143,  389,  443,  445,  502,
    563,  585,  587,  614,  631,  636,  989,  990,  992,  993,  995,  1080, 2811, 3128,
    3268, 3389, 5222, 5223, 5269, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000};

bool likely_server(std::uint16_t port) {
  return std::binary_search(std::begin(kLikelyServerPorts), std::end(kLikelyServerPorts), port);
}

// Who opens with a SYN is the originator, who with a SYN-ACK the responder (since Zeek 5.1, whatever the
// ports); else the sender may be the responder, told by its port.
bool first_sender_responds(const TcpSegment& segment) {
  if (segment.has(kSyn)) return segment.has(kAck);
  if (!likely_server(segment.source.port)) return false;
  if (!likely_server(segment.destination.port)) return true;
  return segment.source.port < segment.destination.port;
}

// Letters that stand in the history once for each direction, or again only with another sequence number.
enum Once : std::uint32_t {
  kSynSeen = 1,
  kFinSeen = 2,
  kRstSeen = 4,
  kFinRstSeen = 8,
  kDataSeen = 16,
  kAckSeen = 32,
  kOddSeen = 64
};

// Zeek has no bound; a connection with more SYNs, FINs and RSTs of different numbers than this is no
// connection.
constexpr std::size_t kMaxHistory = 4096;

}  // namespace

struct ZeekConn::State {
  std::array<ZeekEndpoint, 2> ends;  // A and B
  std::size_t originator = 0;
  std::uint32_t seen = 0;  // Once, shifted by 16 for the responder
  std::string letters;
  bool begun = false;
  bool partial = false;  // Zeek's numbering may be a guess

  void begin(const TcpSegment& first, std::size_t from);
  void flip();
  void add_letter(char letter, bool by_originator);
  bool add_once(Once what, char letter, bool by_originator);
  void add_scaled(char letter, std::uint32_t& count, bool by_originator);
  void add_control(Once what, char letter, std::uint32_t position, std::uint32_t& last, bool by_originator);

  void add(const TcpSegment& segment, std::size_t sender);
  void note_partial(const TcpSegment& segment, const ZeekEndpoint& sender, bool by_originator);
  void note_flags(const TcpSegment& segment, ZeekEndpoint& sender, std::uint64_t position,
                  bool by_originator);
  void note_window(const TcpSegment& segment, std::size_t from);
  std::uint64_t note_ack(const TcpSegment& segment, ZeekEndpoint& receiver);
  void note_gaps(std::size_t receiver, std::uint64_t acked);
  void step(const TcpSegment& segment, std::size_t from);
  void step_inactive(const TcpSegment& segment, std::size_t from);
  void step_inactive_syn(const TcpSegment& segment, std::size_t from);
};

void ZeekConn::State::begin(const TcpSegment& first, std::size_t from) {
  begun = true;
  originator = from;
  if (first_sender_responds(first)) flip();
}

void ZeekConn::State::flip() {
  originator = 1 - originator;
  partial = false;
  add_letter('^', true);
}

void ZeekConn::State::add_letter(char letter, bool by_originator) {
  if (letters.size() >= kMaxHistory) return;
  letters += by_originator ? letter : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}

bool ZeekConn::State::add_once(Once what, char letter, bool by_originator) {
  const std::uint32_t mask = by_originator ? what : std::uint32_t{what} << 16;
  if (seen & mask) return false;
  seen |= mask;
  add_letter(letter, by_originator);
  return true;
}

// The 1st, 10th, 100th .. time.
void ZeekConn::State::add_scaled(char letter, std::uint32_t& count, bool by_originator) {
  if (count == std::numeric_limits<std::uint32_t>::max()) return;
  std::uint32_t rest = ++count;
  while (rest % 10 == 0) rest /= 10;
  if (rest == 1) add_letter(letter, by_originator);
}

void ZeekConn::State::add_control(Once what, char letter, std::uint32_t position, std::uint32_t& last,
                                  bool by_originator) {
  if (!add_once(what, letter, by_originator) && position != last) add_letter(letter, by_originator);
  last = position;
}

void ZeekConn::State::note_partial(const TcpSegment& segment, const ZeekEndpoint& sender,
                                   bool by_originator) {
  if (sender.heard) return;
  if (by_originator)
    partial = !segment.has(kSyn) || segment.has(kAck);
  else if (!partial)
    partial = !segment.has(kSyn);
}

void ZeekConn::State::note_flags(const TcpSegment& segment, ZeekEndpoint& sender, std::uint64_t position,
                                 bool by_originator) {
  const int controls = int{segment.has(kSyn)} + int{segment.has(kFin)} + int{segment.has(kRst)};
  const auto at = static_cast<std::uint32_t>(position);
  if (controls > 1) {
    if (segment.has(kFin | kRst))
      add_once(kFinRstSeen, 'I', by_originator);
    else
      add_once(kOddSeen, 'Q', by_originator);
  } else if (segment.has(kSyn)) {
    add_control(kSynSeen, segment.has(kAck) ? 'H' : 'S', at, sender.last_syn, by_originator);
  } else if (segment.has(kFin)) {
    add_control(kFinSeen, 'F', at + segment.payload_length, sender.last_fin, by_originator);
  } else if (segment.has(kRst)) {
    add_control(kRstSeen, 'R', at, sender.last_rst, by_originator);
  } else if (segment.payload_length > 0) {
    add_once(kDataSeen, 'D', by_originator);
  } else if (segment.has(kAck)) {
    add_once(kAckSeen, 'A', by_originator);
  }
}

// A closed window means nothing to who has sent a FIN, nor on or after a RST.
void ZeekConn::State::note_window(const TcpSegment& segment, std::size_t from) {
  ZeekEndpoint& sender = ends[from];
  if (segment.window != 0 || segment.has(kRst)) return;
  if (ends[1 - from].state == ZeekState::Closed || sender.state == ZeekState::Reset) return;
  add_scaled('W', sender.zero_windows, from == originator);
}

// Returns the position that is acknowledged.
std::uint64_t ZeekConn::State::note_ack(const TcpSegment& segment, ZeekEndpoint& receiver) {
  const std::uint32_t ack = segment.ack.raw();
  if (receiver.state == ZeekState::Inactive) {
    receiver.begin_by_ack(ack);
    return 1;
  }
  const auto [position, underflow] = receiver.relative_ack(ack);
  if (underflow) return 0;
  if (!segment.has(kRst)) receiver.note_acked(ack);  // a RST's acknowledgment is not to be trusted
  return position;
}

// Only between ends that were properly opened is a hole the capture's fault.
void ZeekConn::State::note_gaps(std::size_t receiver, std::uint64_t acked) {
  const unsigned holes = ends[receiver].acknowledge(acked, partial);
  if (!ends[0].is_clean() || !ends[1].is_clean()) return;
  for (unsigned i = 0; i < holes; ++i) add_scaled('G', ends[receiver].gaps, receiver == originator);
}

void ZeekConn::State::add(const TcpSegment& segment, std::size_t from) {
  ZeekEndpoint& sender = ends[from];
  ZeekEndpoint& receiver = ends[1 - from];
  const bool by_originator = from == originator;
  if (segment.options.cut) return;

  note_partial(segment, sender, by_originator);
  sender.begin(segment);
  const ZeekRelative at = sender.relative_seq(segment.seq.raw());
  note_flags(segment, sender, at.position, by_originator);
  note_window(segment, from);
  if (segment.has(kFin)) sender.note_fin(at.position + zeek_length(segment));
  const std::uint64_t acked = segment.has(kAck) ? note_ack(segment, receiver) : 0;
  if (sender.note_sent(segment)) add_scaled('T', sender.repeats, by_originator);
  step(segment, from);
  if (segment.has(kAck)) note_gaps(1 - from, acked);
  sender.heard = true;
  // Payload cut by the snap length is a hole to Zeek.
  if (segment.payload_length > 0 && segment.payload_whole() && !segment.has(kRst) && !at.underflow)
    sender.add_data(at.position + (segment.has(kSyn) ? 1 : 0), segment.payload_length);
}

void ZeekConn::State::step_inactive_syn(const TcpSegment& segment, std::size_t from) {
  ZeekEndpoint& sender = ends[from];
  ZeekEndpoint& receiver = ends[1 - from];
  if (from == originator) {
    sender.enter(segment.has(kAck) ? ZeekState::SynAckSent : ZeekState::SynSent);
    return;
  }
  if (!segment.has(kAck) && receiver.state == ZeekState::SynAckSent) {
    // SYN and SYN-ACK were captured in the wrong order.
    flip();
    receiver.enter(ZeekState::Established);
  }
  if (receiver.state == ZeekState::SynSent) receiver.enter(ZeekState::Established);
  sender.enter(ZeekState::Established);
}

void ZeekConn::State::step_inactive(const TcpSegment& segment, std::size_t from) {
  ZeekEndpoint& sender = ends[from];
  const ZeekEndpoint& receiver = ends[1 - from];
  if (segment.has(kSyn)) step_inactive_syn(segment, from);
  if (segment.has(kFin)) sender.enter(ZeekState::Closed);
  if (segment.has(kRst)) sender.enter(ZeekState::Reset);
  if (sender.state != ZeekState::Inactive) return;

  // Some stacks acknowledge a SYN before they answer it.
  const bool early_ack =
      from != originator && segment.payload_length == 0 && receiver.state == ZeekState::SynSent;
  if (early_ack) return;
  if (segment.has(kAck) && receiver.state == ZeekState::Established) {
    // Only the originator's SYN was missed.
    sender.enter(ZeekState::Established);
    partial = false;
  } else {
    sender.enter(ZeekState::Partial);
  }
}

void ZeekConn::State::step(const TcpSegment& segment, std::size_t from) {
  ZeekEndpoint& sender = ends[from];
  ZeekEndpoint& receiver = ends[1 - from];
  switch (sender.state) {
    case ZeekState::Inactive: step_inactive(segment, from); break;
    case ZeekState::SynSent:
    case ZeekState::SynAckSent:
      if (segment.has(kFin)) sender.enter(ZeekState::Closed);
      if (segment.has(kRst)) sender.enter(ZeekState::Reset);
      break;
    case ZeekState::Established:
    case ZeekState::Partial:
      if (segment.has(kSyn) && !segment.has(kAck) && sender.state == ZeekState::Partial &&
          receiver.state == ZeekState::Inactive)
        sender.enter(ZeekState::SynSent);
      if (segment.has(kFin) && !segment.has(kRst)) {
        sender.enter(ZeekState::Closed);
        // FIN, then RST of the other end was a normal end after all.
        if (receiver.state == ZeekState::Reset && receiver.previous_state == ZeekState::Closed)
          receiver.enter(ZeekState::Closed);
      }
      if (segment.has(kRst)) sender.enter(ZeekState::Reset);
      break;
    case ZeekState::Closed:
      // After both FINs a RST changes nothing any more.
      if (segment.has(kRst) && receiver.state != ZeekState::Closed) sender.enter(ZeekState::Reset);
      break;
    case ZeekState::Reset: break;
  }
}

ZeekConn::ZeekConn() : state_(std::make_unique<State>()) {}
ZeekConn::~ZeekConn() = default;
ZeekConn::ZeekConn(ZeekConn&&) noexcept = default;
ZeekConn& ZeekConn::operator=(ZeekConn&&) noexcept = default;

void ZeekConn::add(const TcpSegment& segment, bool from_a) {
  if (segment.beyond_frame) return;  // Zeek drops the packet before it looks for TCP
  std::size_t from = from_a ? 0 : 1;
  if (!state_->begun) state_->begin(segment, from);
  // To Zeek every segment of a self-connection comes from the originator.
  if (segment.source == segment.destination) from = state_->originator;
  state_->add(segment, from);
}

std::string ZeekConn::history() const { return state_->letters; }

std::size_t ZeekConn::octets() const {
  return sizeof(State) + state_->letters.capacity() + state_->ends[0].octets() + state_->ends[1].octets();
}

namespace {

// Silence is no part of the pattern by which Zeek tells a SYN scan's RST: S, then R before anything of the
// handshake.
bool syn_then_rst(std::string_view history) {
  if (history.substr(0, 1) == "^") history.remove_prefix(1);
  if (history.substr(0, 1) != "S") return false;
  const auto decisive = history.find_first_of("HAFGIQR", 1);
  return decisive != std::string_view::npos && history[decisive] == 'R';
}

bool barely_heard(ZeekState state) { return state == ZeekState::Inactive || state == ZeekState::Partial; }

}  // namespace

std::string ZeekConn::conn_state() const {
  if (!state_->begun) return {};
  const ZeekEndpoint& originator = state_->ends[state_->originator];
  const ZeekEndpoint& responder = state_->ends[1 - state_->originator];
  const ZeekState o = originator.state, r = responder.state;
  if (r == ZeekState::Reset) {
    const bool both_reset = o == ZeekState::Reset && originator.size() == 0 && responder.size() == 0;
    if (o == ZeekState::SynSent || o == ZeekState::SynAckSent || both_reset) return "REJ";
    return barely_heard(o) ? "RSTRH" : "RSTR";
  }
  if (o == ZeekState::Reset) {
    if (!barely_heard(r)) return "RSTO";
    return syn_then_rst(state_->letters) ? "RSTOS0" : "OTH";
  }
  if (o == ZeekState::Closed && r == ZeekState::Closed) return "SF";
  if (o == ZeekState::Closed) return barely_heard(r) ? "SH" : "S2";
  if (r == ZeekState::Closed) return barely_heard(o) ? "SHR" : "S3";
  if (o == ZeekState::SynSent && r == ZeekState::Inactive) return "S0";
  if (o == ZeekState::Established && r == ZeekState::Established) return "S1";
  return "OTH";
}

}  // namespace tcpautopsy
