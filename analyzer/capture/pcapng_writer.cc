#include "analyzer/capture/pcapng_writer.h"

#include <algorithm>

#include "analyzer/capture/link_type.h"
#include "analyzer/capture/pcapng_format.h"

namespace tcpautopsy {
namespace {

using namespace pcapng;
using Body = std::vector<std::uint8_t>;

constexpr std::uint8_t kNanoseconds = 9;

// Little-endian on every machine, so that the same input makes the same file.
template <typename Number>
void put(Body& body, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) body.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put_padded(Body& body, Bytes bytes) {
  body.insert(body.end(), bytes.begin(), bytes.end());
  body.resize(padded(body.size()));
}

void put_option(Body& body, OptionCode code, Bytes value) {
  value = value.first(std::min(value.size(), kMaxOption));
  put(body, static_cast<std::uint16_t>(code));
  put(body, static_cast<std::uint16_t>(value.size()));
  put_padded(body, value);
}

}  // namespace

PcapngWriter::PcapngWriter(std::string& out, std::string_view comment) : out_(out) {
  put(body_, kByteOrderMagic);
  put(body_, std::uint16_t{1});
  put(body_, std::uint16_t{0});
  put(body_, kUnknownSectionLength);
  if (!comment.empty()) {
    put_option(body_, kComment, octets_of(comment));
    put_option(body_, kEndOfOptions, {});
  }
  put_block(kSectionHeader);
}

void PcapngWriter::write(const Frame& frame, std::uint32_t file) {
  const std::uint32_t interface = interface_of(frame, file);
  put(body_, interface);
  put_time(frame.time_ns);
  put(body_, static_cast<std::uint32_t>(frame.bytes.size()));
  put(body_, frame.wire_length);
  put_padded(body_, frame.bytes);
  for (const std::string_view comment : frame.comments) put_option(body_, kComment, octets_of(comment));
  if (!frame.comments.empty()) put_option(body_, kEndOfOptions, {});
  put_block(kEnhancedPacket);
}

void PcapngWriter::put_time(std::int64_t time_ns) {
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(time_ns, 0));
  put(body_, static_cast<std::uint32_t>(time >> 32));
  put(body_, static_cast<std::uint32_t>(time));
}

void PcapngWriter::write_statistics(std::optional<std::int64_t> end_ns,
                                    std::optional<std::uint64_t> dropped) {
  if (interfaces_.empty() || (!end_ns && !dropped)) return;
  constexpr std::uint16_t kNumber = 8;  // octets of an option's
  put(body_, std::uint32_t{0});
  put_time(end_ns.value_or(0));
  if (end_ns) {
    put(body_, static_cast<std::uint16_t>(kIsbEndtime));
    put(body_, kNumber);
    put_time(*end_ns);
  }
  if (dropped) {
    put(body_, static_cast<std::uint16_t>(kIsbIfdrop));
    put(body_, kNumber);
    put(body_, *dropped);
  }
  put_option(body_, kEndOfOptions, {});
  put_block(kInterfaceStatistics);
}

std::uint32_t PcapngWriter::interface_of(const Frame& frame, std::uint32_t file) {
  const Interface wanted{frame.link_type, frame.interface, file};
  const auto known = std::find(interfaces_.begin(), interfaces_.end(), wanted);
  const auto rank = static_cast<std::uint32_t>(known - interfaces_.begin());
  if (known != interfaces_.end()) return rank;
  interfaces_.push_back(wanted);
  put(body_, linktype_of_dlt(frame.link_type));
  put(body_, std::uint16_t{0});
  put(body_, std::uint32_t{0});  // no snap length: a frame carries how much of it was kept
  put_option(body_, kIfTsresol, {&kNanoseconds, 1});
  put_option(body_, kEndOfOptions, {});
  put_block(kInterfaceDescription);
  return rank;
}

void PcapngWriter::put_block(std::uint32_t type) {
  const auto length = static_cast<std::uint32_t>(kBlockHead + body_.size() + kBlockTail);
  Body head;
  put(head, type);
  put(head, length);
  put(body_, length);
  out_.append(head.begin(), head.end());
  out_.append(body_.begin(), body_.end());
  body_.clear();
}

}  // namespace tcpautopsy
