#include "analyzer/capture/link_type.h"

#include <pcap/pcap.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace tcpautopsy {
namespace {

// A classic file header in this machine's byte order.
struct FileHeader {
  std::uint32_t magic = 0xa1b2c3d4;
  std::uint16_t major = 2, minor = 4;
  std::uint32_t zone = 0, accuracy = 0, snaplen = 65535, linktype = 0;
};
static_assert(sizeof(FileHeader) == 24);

}  // namespace

// libpcap keeps its table to itself; a header without packets, read or written, makes it tell.
int dlt_of_linktype(std::uint16_t linktype) {
  FileHeader header;
  header.linktype = linktype;
  std::FILE* file = ::fmemopen(&header, sizeof header, "rb");
  if (file == nullptr) return linktype;
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* pcap = pcap_fopen_offline(file, error.data());
  if (pcap == nullptr) {
    std::fclose(file);
    return linktype;
  }
  const int dlt = pcap_datalink(pcap);
  pcap_close(pcap);
  return dlt;
}

std::uint16_t linktype_of_dlt(int dlt) {
  FileHeader header;
  header.linktype = static_cast<std::uint16_t>(dlt);
  pcap_t* pcap = pcap_open_dead(dlt, 65535);
  if (pcap == nullptr) return static_cast<std::uint16_t>(dlt);
  std::array<char, sizeof header + 1> written{};
  std::FILE* file = ::fmemopen(written.data(), written.size(), "wb");
  if (pcap_dumper_t* dumper = file ? pcap_dump_fopen(pcap, file) : nullptr) {
    pcap_dump_close(dumper);
    std::memcpy(&header, written.data(), sizeof header);
  } else if (file != nullptr) {
    std::fclose(file);
  }
  pcap_close(pcap);
  return static_cast<std::uint16_t>(header.linktype);
}

}  // namespace tcpautopsy
