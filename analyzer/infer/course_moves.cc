#include <array>

#include "analyzer/infer/course.h"

namespace tcpautopsy {
namespace {

using enum TcpState;

constexpr Cost kBehindHole = 4;

// send_rows() by state and kind: at most two rows each.
struct SendIndex {
  struct Entry {
    std::array<Move, 2> moves{};
    std::uint8_t count = 0;
  };
  std::array<std::array<Entry, 5>, kStateCount> entries{};
  SendIndex() {
    for (const SendRow& row : send_rows()) {
      Entry& e = entries[static_cast<std::size_t>(row.from)][static_cast<std::size_t>(row.what)];
      e.moves[e.count++] = {row.to, row.cost};
    }
  }
};

const SendIndex& send_index() {
  static const SendIndex kIndex;
  return kIndex;
}

class MoveList {
 public:
  explicit MoveList(std::array<Move, kMostMoves>& moves) : moves_(moves) {}
  void add(TcpState to, Cost cost) { moves_[count_++] = {to, cost}; }
  std::size_t count() const { return count_; }

 private:
  std::array<Move, kMostMoves>& moves_;
  std::size_t count_ = 0;
};

// A bare RST is the answer of a host that has no use for a segment; an application that aborts sends RST and
// ACK.
Cost rst_form_cost(TcpState from, const Meaning& m) {
  if (m.refuses_syn) return from == Closed || from == Listen ? 0 : 3;
  if (from == SynSent && m.refuses_handshake) return 6;
  if (m.bare_rst) return from == Established || from == CloseWait ? 3 : 0;
  return from == Closed || from == Listen ? 3 : 0;
}

void send_moves(const Event& event, TcpState from, const TraceMeaning& meaning, MoveList& list) {
  const Meaning& m = meaning.records[event.record];
  if (from == SynReceived && m.sends == Sends::Ack && m.early_data) return list.add(SynReceived, 0);
  const auto& entry = send_index().entries[static_cast<std::size_t>(from)][static_cast<std::size_t>(m.sends)];
  const Cost form = m.sends == Sends::Rst ? rst_form_cost(from, m) : Cost{0};
  for (std::size_t k = 0; k < entry.count; ++k)
    if (m.after.has(entry.moves[k].to)) list.add(entry.moves[k].to, add_cost(entry.moves[k].cost, form));
}

void hidden_fin_moves(const Event& event, TcpState from, MoveList& list) {
  const bool can = from == CloseWait || from == Established || from == SynReceived;
  if (can) list.add(from == CloseWait ? LastAck : FinWait1, event.cost);
  list.add(from, can ? event.stay_cost : Cost{0});
}

// What the capture can have missed before a segment: anything toward the endpoint, and its own SYN or FIN.
void unseen_moves(const Event& event, TcpState from, MoveList& list) {
  list.add(from, 0);
  // A FIN that carries the ACK of the own FIN, or of the SYN, takes two rows at once.
  for (const unsigned pair : {unsigned{kGotAckOfFin} | kGotFin, unsigned{kGotAckOfSyn} | kGotFin}) {
    const auto both = static_cast<std::uint8_t>(pair);
    if (arrive(from, both) != nullptr && arrive(from, both)->on != kGotFin)
      list.add(deliver(from, both), event.cost);
  }
  for (const ArriveRow& row : arrive_rows())
    if (row.from == from && row.on != kGotIcmp) list.add(row.to, event.cost);
  if (from == Closed) list.add(SynSent, event.cost);
  if (from == Established || from == SynReceived) list.add(FinWait1, event.cost);
  if (from == CloseWait) list.add(LastAck, event.cost);
}

}  // namespace

std::size_t Course::moves(std::size_t e, TcpState from, const TraceMeaning& meaning,
                          std::array<Move, kMostMoves>& out) const {
  const Event& event = events[e];
  MoveList list(out);
  const auto arrival = [&](std::uint8_t triggers, Cost deliver_cost, Cost miss_cost, Cost idle_cost) {
    const TcpState to = deliver(from, triggers);
    if (to != from) list.add(to, deliver_cost);
    // Its FIN may have come before data that was lost: then the rest of the segment counts, the FIN not yet.
    const auto without_fin = static_cast<std::uint8_t>(triggers & ~kGotFin);
    if (const TcpState part = deliver(from, without_fin); part != to && part != from)
      list.add(part, add_cost(deliver_cost, kBehindHole));
    list.add(from, to != from ? miss_cost : from == Closed || from == Listen ? Cost{0} : idle_cost);
  };
  switch (event.kind) {
    case EventKind::Send: send_moves(event, from, meaning, list); break;
    case EventKind::Displaced: list.add(from, 0); break;
    case EventKind::Arrive: {
      const Meaning& m = meaning.records[event.record];
      arrival(m.triggers, m.deliver_cost, m.miss_cost, m.idle_cost);
      break;
    }
    case EventKind::MayArrive: arrival(meaning.records[event.record].triggers, event.cost, 0, 0); break;
    case EventKind::Icmp: arrival(kGotIcmp, 0, event.cost, 0); break;
    case EventKind::HiddenFin: hidden_fin_moves(event, from, list); break;
    case EventKind::Silent:
      list.add(from, 0);
      if (silent[event.silent][static_cast<std::size_t>(from)] != kNever)
        list.add(Closed, silent[event.silent][static_cast<std::size_t>(from)]);
      break;
    case EventKind::Unseen: unseen_moves(event, from, list); break;
    case EventKind::Jump:
      meaning.records[event.record].after.each([&](TcpState to) { list.add(to, event.cost); });
      break;
  }
  return list.count();
}

}  // namespace tcpautopsy
