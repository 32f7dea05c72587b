#include "analyzer/decode/decoder.h"

#include <utility>

#include "analyzer/decode/encapsulation.h"
#include "analyzer/decode/ip.h"
#include "analyzer/decode/ip_fragments.h"
#include "analyzer/decode/layers.h"
#include "analyzer/decode/link_layer.h"
#include "analyzer/decode/plain_frame.h"
#include "analyzer/decode/transport.h"

namespace tcpautopsy {
namespace {

using decode::Dissection;
using decode::Layer;

void count(DecodeCounts& counts, NotTcp verdict) {
  switch (verdict) {
    case NotTcp::OtherProtocol: ++counts.other; break;
    case NotTcp::FragmentHeld: ++counts.fragments_held; break;
    case NotTcp::CutShort: ++counts.cut_short; break;
    case NotTcp::Malformed: ++counts.malformed; break;
    case NotTcp::UnknownLinkType: ++counts.unknown_link_type; break;
  }
}

}  // namespace

struct Decoder::State {
  explicit State(const DecodeBounds& bounds)
      : encapsulations(bounds.encapsulations), fragments(bounds.fragments) {}

  decode::EncapsulationTable encapsulations;
  decode::FragmentTable fragments;
  DecodeCounts counts;

  Decoded take_plain(const decode::PlainFrame& frame, std::uint32_t wire_length);
  Decoded take_layers(const Frame& record);
  std::uint32_t index_of(const decode::EncapsulationPath& path);
  Layer reassemble(Dissection& frame, TimeNs now);
  Layer innermost(Dissection& frame, const Frame& record);
  void finish(const Dissection& frame, Layer layer, std::uint32_t wire_length, Decoded& decoded);
};

Decoded Decoder::State::take_plain(const decode::PlainFrame& frame, std::uint32_t wire_length) {
  Decoded decoded(std::in_place_type<TcpSegment>);
  auto& segment = std::get<TcpSegment>(decoded);
  decode::take_ip_header(frame, segment);
  decode::take_tcp_header({{frame.tcp, frame.length}, frame.length}, segment);
  if (frame.vlan != 0) {
    decode::EncapsulationPath path;
    if (path.add_vlan(frame.vlan)) segment.encapsulation = index_of(path);
  }
  segment.wire_length = wire_length;
  ++counts.tcp;
  return decoded;
}

std::uint32_t Decoder::State::index_of(const decode::EncapsulationPath& path) {
  const std::uint32_t index = encapsulations.index_of(path);
  if (index == encapsulations.most()) ++counts.encapsulations_joined;
  return index;
}

Decoded Decoder::State::take_layers(const Frame& record) {
  Decoded decoded;
  Dissection frame(record);
  const Layer layer = innermost(frame, record);
  if (frame.path.overfull()) ++counts.too_nested;
  finish(frame, layer, record.wire_length, decoded);
  return decoded;
}

Layer Decoder::State::reassemble(Dissection& frame, TimeNs now) {
  constexpr std::uint8_t kCongestionExperienced = 3;
  const decode::FragmentKey key{.source = frame.ip.source,
                                .destination = frame.ip.destination,
                                .id = frame.ip.id,
                                .encapsulation = encapsulations.index_of(frame.path),
                                .protocol = frame.ip.v6 ? std::uint8_t{0} : frame.fragment.protocol,
                                .v6 = frame.ip.v6};
  const auto added = fragments.add(key, frame, now);
  counts.fragments_dropped = fragments.dropped();
  counts.fragments_given_up = fragments.given_up();
  if (const auto* verdict = std::get_if<NotTcp>(&added)) return frame.stop(*verdict);
  const auto& whole = std::get<decode::FragmentTable::Whole>(added);
  frame.rest = whole.packet;
  if (whole.congestion) frame.ip.ecn = kCongestionExperienced;
  return decode::upper_layer(frame, whole.protocol);
}

// The layers down to TCP, ICMP, or where nothing further can be taken off.
Layer Decoder::State::innermost(Dissection& frame, const Frame& record) {
  Layer layer = decode::link_layer(frame, record.link_type);
  for (int depth = 0; depth < decode::kMostLayers; ++depth) {
    switch (layer) {
      case Layer::Stopped:
      case Layer::Tcp:
      case Layer::Icmp:
      case Layer::Icmpv6: return layer;
      case Layer::Fragment: layer = reassemble(frame, record.time_ns); break;
      default: layer = take_layer(frame, layer); break;
    }
  }
  ++counts.too_deep;
  return frame.stop(NotTcp::Malformed);
}

void Decoder::State::finish(const Dissection& frame, Layer layer, std::uint32_t wire_length,
                            Decoded& decoded) {
  if (layer == Layer::Tcp) {
    auto& segment = decoded.emplace<TcpSegment>();
    if (const auto why = take_segment(frame, segment)) {
      count(counts, decoded.emplace<NotTcp>(*why));
      return;
    }
    segment.encapsulation = index_of(frame.path);
    segment.wire_length = wire_length;
    ++counts.tcp;
    return;
  }
  if (layer != Layer::Stopped) {
    auto& error = decoded.emplace<IcmpError>();
    if (const auto why = take_icmp_error(frame, error)) {
      count(counts, decoded.emplace<NotTcp>(*why));
      return;
    }
    error.encapsulation = index_of(frame.path);
    ++counts.icmp_errors;
    return;
  }
  count(counts, decoded.emplace<NotTcp>(frame.verdict));
}

Decoder::Decoder(const DecodeBounds& bounds) : state_(std::make_unique<State>(bounds)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Decoded Decoder::decode(const Frame& record) {
  const decode::PlainFrame plain = decode::plain_frame(record);
  return plain.ip != nullptr ? state_->take_plain(plain, record.wire_length) : state_->take_layers(record);
}

std::size_t Decoder::encapsulations() const { return state_->encapsulations.size(); }

const Encapsulation& Decoder::encapsulation(std::uint32_t index) const {
  return state_->encapsulations.at(index);
}
const DecodeCounts& Decoder::counts() const { return state_->counts; }

}  // namespace tcpautopsy
