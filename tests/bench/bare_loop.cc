// Reads a capture with pcap_loop and touches nothing: what every reading of it costs at least.
#include <pcap/pcap.h>

#include <array>
#include <cstdio>

int main(int count, char** arguments) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* capture = count == 2 ? pcap_open_offline(arguments[1], error.data()) : nullptr;
  if (capture == nullptr) {
    std::fprintf(stderr, "usage: bare_loop FILE\n%s\n", error.data());
    return 2;
  }
  const int ended = pcap_loop(
      capture, -1, [](u_char*, const pcap_pkthdr*, const u_char*) {}, nullptr);
  pcap_close(capture);
  return ended == 0 ? 0 : 1;
}
