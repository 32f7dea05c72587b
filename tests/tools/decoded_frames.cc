// What the decoder makes of each frame, for comparison with other decoders. Usage: decoded_frames FILE. A
// line a frame, parted by tabs: frame, kind, and of a TCP segment source, destination, ports, sequence
// number, acknowledgment number, flags, window, urgent pointer, payload length, MSS, window scale, SACK
// permitted, timestamp value and echo, SACK blocks; what a segment does not have is empty. Of an ICMP error,
// source, destination, ports and sequence number of the segment that it quotes.
#include <fmt/format.h>

#include <exception>
#include <iostream>
#include <string>

#include "analyzer/capture/capture_source.h"
#include "analyzer/decode/decoder.h"

namespace {

using namespace tcpautopsy;

std::string_view kind(NotTcp why) {
  switch (why) {
    case NotTcp::OtherProtocol: return "other";
    case NotTcp::FragmentHeld: return "fragment";
    case NotTcp::CutShort: return "cut";
    case NotTcp::Malformed: return "malformed";
    case NotTcp::UnknownLinkType: return "unknown";
  }
  return "";
}

std::string options_of(const TcpOptions& o) {
  const auto shown = [](bool there, auto value) { return there ? fmt::to_string(value) : std::string(); };
  std::string sacks;
  for (std::size_t i = 0; i < o.sack_count; ++i)
    sacks += fmt::format("{}{}-{}", i > 0 ? "," : "", o.sack[i].left.raw(), o.sack[i].right.raw());
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}", shown(o.has_mss, o.mss),
                     shown(o.has_window_scale, o.window_scale), o.sack_permitted ? "1" : "",
                     shown(o.has_timestamps, o.ts_val), shown(o.has_timestamps, o.ts_ecr), sacks,
                     o.malformed ? "malformed"
                     : o.cut     ? "cut"
                                 : "");
}

std::string line_of(const Decoded& decoded) {
  if (const auto* why = std::get_if<NotTcp>(&decoded)) return std::string(kind(*why));
  if (const auto* error = std::get_if<IcmpError>(&decoded))
    return fmt::format("icmp\t{}\t{}\t{}\t{}\t{}", to_string(error->source.ip),
                       to_string(error->destination.ip), error->source.port, error->destination.port,
                       error->seq ? std::to_string(error->seq->raw()) : "");
  const auto* s = std::get_if<TcpSegment>(&decoded);
  return fmt::format("tcp\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}", to_string(s->source.ip),
                     to_string(s->destination.ip), s->source.port, s->destination.port, s->seq.raw(),
                     s->ack.raw(), s->flags, s->window, s->urgent, s->payload_length, options_of(s->options));
}

void print(const std::string& path) {
  const auto source = CaptureSource::open(path);
  Decoder decoder;
  for (Frame frame; source->next(frame);)
    std::cout << frame.number << '\t' << line_of(decoder.decode(frame)) << '\n';
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: decoded_frames FILE\n";
    return 2;
  }
  try {
    print(arguments[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
