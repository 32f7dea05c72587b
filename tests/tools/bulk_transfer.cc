// Writes a capture of one connection that carries so many octets, for measuring memory:
//
//   bulk_transfer OCTETS > capture.pcap
//   bulk_transfer OCTETS --stream > octets       # what an application gets of it, less what the capture
//   misses
//
// Now and then a segment comes late, is sent again, or is missing from the capture though it was delivered.
// The ISN is so that sequence numbers go round soon.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

constexpr std::uint32_t kSegment = 1448, kClientIss = 0xFFFF0000U, kServerIss = 12345;
constexpr std::size_t kHeaders = 54;
constexpr std::uint64_t kLateEach = 1000, kLateBy = 60, kRepeatedEach = 700, kMissedEach = 100'000;
constexpr std::uint8_t kFin = 1, kSyn = 2, kPush = 8, kAck = 16;

using Octets = std::vector<std::uint8_t>;

void put16(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
void put32(std::uint8_t* at, std::uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xFFFF);
}

std::uint32_t sum(const std::uint8_t* at, std::size_t length, std::uint32_t start) {
  std::uint64_t total = start;
  for (std::size_t i = 0; i + 1 < length; i += 2) total += static_cast<std::uint64_t>(at[i]) << 8 | at[i + 1];
  if (length % 2 == 1) total += static_cast<std::uint64_t>(at[length - 1]) << 8;
  while (total >> 16 != 0) total = (total & 0xFFFF) + (total >> 16);
  return static_cast<std::uint32_t>(total);
}

// The octet at each place is told by the place (splitmix64).
void fill(Octets& octets, std::uint64_t offset) {
  for (std::size_t i = 0; i < octets.size(); i += 8) {
    std::uint64_t z = offset + i + 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    z ^= z >> 31;
    std::memcpy(&octets[i], &z, octets.size() - i < 8 ? octets.size() - i : 8);
  }
}

class Capture {
 public:
  Capture() {
    const std::array<std::uint32_t, 6> header{0xA1B23C4D, 0x00040002, 0, 0, 262144, 1};
    std::fwrite(header.data(), sizeof header, 1, stdout);
  }
  void packet(bool from_client, std::uint32_t seq, std::uint32_t ack, std::uint8_t flags,
              const Octets& payload) {
    frame_.assign(kHeaders, 0);
    frame_.insert(frame_.end(), payload.begin(), payload.end());
    put16(&frame_[12], 0x0800);
    std::uint8_t* ip = &frame_[14];
    ip[0] = 0x45;
    put16(ip + 2, static_cast<std::uint32_t>(frame_.size() - 14));
    put16(ip + 4, ++ip_id_ & 0xFFFF);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + 12, from_client ? 0x0A000001 : 0x0A000002);
    put32(ip + 16, from_client ? 0x0A000002 : 0x0A000001);
    put16(ip + 10, ~sum(ip, 20, 0));
    std::uint8_t* tcp = ip + 20;
    const auto tcp_length = static_cast<std::uint32_t>(frame_.size() - 34);
    put16(tcp, from_client ? 40000 : 80);
    put16(tcp + 2, from_client ? 80 : 40000);
    put32(tcp + 4, seq);
    put32(tcp + 8, ack);
    tcp[12] = 0x50;
    tcp[13] = flags;
    put16(tcp + 14, 65000);
    put16(tcp + 16, ~sum(tcp, tcp_length, sum(ip + 12, 8, 6 + tcp_length)));
    write();
  }

 private:
  void write() {
    time_ += 1000;
    const auto length = static_cast<std::uint32_t>(frame_.size());
    const std::array<std::uint32_t, 4> header{
        1'700'000'000 + static_cast<std::uint32_t>(time_ / 1'000'000'000),
        static_cast<std::uint32_t>(time_ % 1'000'000'000), length, length};
    std::fwrite(header.data(), sizeof header, 1, stdout);
    std::fwrite(frame_.data(), length, 1, stdout);
  }

  Octets frame_;
  std::uint64_t time_ = 0;
  std::uint32_t ip_id_ = 0;
};

Octets octets_of(std::uint64_t number, std::uint64_t total) {
  const std::uint64_t offset = number * kSegment;
  Octets payload(total - offset < kSegment ? total - offset : kSegment);
  fill(payload, offset);
  return payload;
}

bool late(std::uint64_t number) { return number % kLateEach == 500; }
bool missed(std::uint64_t number) { return number % kMissedEach == 77'777; }

void write_capture(std::uint64_t total) {
  Capture capture;
  const auto data = [&](std::uint64_t number) {
    const auto seq = kClientIss + 1 + static_cast<std::uint32_t>(number * kSegment);
    capture.packet(true, seq, kServerIss + 1, kAck | kPush, octets_of(number, total));
  };
  const auto ack = [&](std::uint64_t offset, std::uint8_t flags) {
    capture.packet(false, kServerIss + 1, kClientIss + 1 + static_cast<std::uint32_t>(offset), flags, {});
  };
  capture.packet(true, kClientIss, 0, kSyn, {});
  capture.packet(false, kServerIss, kClientIss + 1, kSyn | kAck, {});
  capture.packet(true, kClientIss + 1, kServerIss + 1, kAck, {});
  const std::uint64_t segments = (total + kSegment - 1) / kSegment;
  std::uint64_t hole = segments;  // of the late segment that is on its way
  for (std::uint64_t number = 0; number < segments; ++number) {
    if (late(number)) {
      hole = number;
    } else if (!missed(number)) {
      data(number);
    }
    if (hole < segments && (number == hole + kLateBy || number + 1 == segments)) {
      data(hole);
      hole = segments;
    }
    if (number % kRepeatedEach == 300) data(number);
    const std::uint64_t received = hole < segments ? hole * kSegment : (number + 1) * kSegment;
    if (number % 2 == 1) ack(received < total ? received : total, kAck);
  }
  const auto end = static_cast<std::uint32_t>(total);
  capture.packet(true, kClientIss + 1 + end, kServerIss + 1, kFin | kAck, {});
  ack(total + 1, kFin | kAck);
  capture.packet(true, kClientIss + 2 + end, kServerIss + 2, kAck, {});
}

void write_stream(std::uint64_t total) {
  for (std::uint64_t number = 0; number * kSegment < total; ++number) {
    if (missed(number)) continue;
    const Octets octets = octets_of(number, total);
    std::fwrite(octets.data(), octets.size(), 1, stdout);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: bulk_transfer OCTETS [--stream]\n", stderr);
    return 2;
  }
  const std::uint64_t total = std::strtoull(arguments[1], nullptr, 10);
  if (count > 2 && std::string_view(arguments[2]) == "--stream") {
    write_stream(total);
  } else {
    write_capture(total);
  }
  return std::ferror(stdout) != 0 ? 1 : 0;
}
