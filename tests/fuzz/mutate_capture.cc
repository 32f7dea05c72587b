// Writes the capture that CaptureMutator makes of another: `mutate_capture IN.pcap OUT.pcap SEED`.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tests/fuzz/capture_mutator.h"

namespace {

constexpr std::size_t kMostPackets = 400;

std::vector<std::uint8_t> read(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tcpautopsy;
  if (argc != 4) {
    std::cerr << "usage: mutate_capture IN.pcap OUT.pcap SEED\n";
    return 2;
  }
  const std::vector<std::uint8_t> in = read(argv[1]);
  auto file = fuzz::read_packets(Bytes(in.data(), in.size()));
  if (!file || file->packets.empty()) return 1;  // no classic pcap of this machine's byte order
  fuzz::CaptureMutator mutator(std::strtoull(argv[3], nullptr, 10), kMostPackets);
  mutator.change(*file);
  const std::vector<std::uint8_t> out = fuzz::write_packets(*file);
  std::ofstream(argv[2], std::ios::binary)
      .write(reinterpret_cast<const char*>(out.data()), static_cast<std::streamsize>(out.size()));
}
