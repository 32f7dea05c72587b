// Writes the capture that a .tap script describes: samples/ are made with it.
#include <pcap/pcap.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/packet_encoder.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace {

using namespace tcpautopsy;

// Both numbers wrap within the first packets, as they may in any capture.
constexpr std::uint32_t kIsn = 0xfffffffe, kSeed = 9293;

struct CloseDumper {
  void operator()(pcap_dumper_t* dumper) const { pcap_dump_close(dumper); }
};
struct ClosePcap {
  void operator()(pcap_t* pcap) const { pcap_close(pcap); }
};

class PcapFile {
 public:
  explicit PcapFile(const std::string& path)
      : pcap_(pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, PCAP_TSTAMP_PRECISION_NANO)),
        dumper_(pcap_ ? pcap_dump_open(pcap_.get(), path.c_str()) : nullptr) {
    if (!dumper_)
      throw std::runtime_error(path + ": " + (pcap_ ? pcap_geterr(pcap_.get()) : "out of memory"));
  }
  void write(TimeNs time_ns, const ByteVector& bytes, std::size_t wire_length) {
    pcap_pkthdr header{};
    header.ts.tv_sec = time_ns / kSecond;
    header.ts.tv_usec = time_ns % kSecond;  // nanoseconds, by the precision asked for
    header.caplen = static_cast<bpf_u_int32>(bytes.size());
    header.len = static_cast<bpf_u_int32>(wire_length);
    pcap_dump(reinterpret_cast<u_char*>(dumper_.get()), &header, bytes.data());
  }

 private:
  std::unique_ptr<pcap_t, ClosePcap> pcap_;
  std::unique_ptr<pcap_dumper_t, CloseDumper> dumper_;
};

// An ARP announcement: a classic capture has no other way to say that nothing came until then.
ByteVector end_mark() {
  ByteVector frame(12, 0xff);
  const std::uint8_t arp[]{0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1, 2, 0,  0, 0, 0,
                           1,    10,   0, 0, 1,    0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
  const std::uint8_t source[]{2, 0, 0, 0, 0, 1};
  std::copy(std::begin(source), std::end(source), frame.begin() + 6);
  frame.insert(frame.end(), std::begin(arp), std::end(arp));
  return frame;
}

std::string read(const char* path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(std::string(path) + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void convert(const char* script_path, const char* pcap_path) {
  const tap::Script script = tap::parse_script(read(script_path));
  const tap::Playback playback = tap::play(script, kIsn, kSeed);
  PcapFile file(pcap_path);
  for (const Captured& captured : playback.captured) {
    if (const auto* segment = std::get_if<TcpSegment>(&captured.what)) {
      file.write(captured.frame.time_ns, encode_frame(*segment), segment->wire_length);
    } else {
      const auto& error = std::get<IcmpError>(captured.what);
      const ByteVector bytes = encode_frame(error);
      file.write(captured.frame.time_ns, bytes, bytes.size() + (error.seq ? 0 : sizeof(std::uint32_t)));
    }
  }
  const ByteVector mark = end_mark();
  if (script.end_after_ns > 0) file.write(playback.capture_end_ns, mark, mark.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: tap2pcap SCRIPT.tap CAPTURE.pcap\n";
    return 2;
  }
  try {
    convert(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << "tap2pcap: " << argv[1] << ": " << error.what() << '\n';
    return 2;
  }
  return 0;
}
