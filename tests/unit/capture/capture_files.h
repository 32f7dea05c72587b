// Capture files made byte by byte, and what the reader makes of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/capture/capture_source.h"

namespace tcpautopsy::test {

// Numbers in a chosen byte order.
class ByteString {
 public:
  explicit ByteString(bool big = false) : big_(big) {}
  ByteString& u8(unsigned v) { return number(v, 1); }
  ByteString& u16(unsigned v) { return number(v, 2); }
  ByteString& u32(std::uint64_t v) { return number(v, 4); }
  ByteString& u64(std::uint64_t v) { return number(v, 8); }
  ByteString& raw(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  ByteString& pad();
  const std::string& str() const { return bytes_; }
  bool big() const { return big_; }

 private:
  ByteString& number(std::uint64_t v, int size);
  bool big_;
  std::string bytes_;
};

// Classic pcap.
std::string pcap_header(bool big = false, std::uint32_t magic = 0xa1b2c3d4, std::uint32_t link_type = 1,
                        std::uint32_t snaplen = 65535, unsigned minor = 4);
std::string pcap_record(bool big, std::uint32_t seconds, std::uint32_t fraction, const std::string& data,
                        std::uint32_t wire_length);
// `count` packets of growing size, one a second from second 1 on.
std::string small_pcap(int count);

// pcapng.
std::string block(bool big, std::uint32_t type, const std::string& body);
std::string option(bool big, unsigned code, const std::string& value);
std::string section(bool big = false);
std::string interface(bool big, unsigned link_type, std::uint32_t snaplen = 0,
                      const std::string& options = "");
std::string tsresol(bool big, unsigned value);
std::string enhanced(bool big, std::uint32_t interface, std::uint64_t ticks, const std::string& data,
                     std::uint32_t wire_length, const std::string& options = "");
std::string small_pcapng(int count);

std::string packed(const std::string& data, const std::string& compression);

// A file that goes with its owner.
class TempFile {
 public:
  explicit TempFile(const std::string& content);
  TempFile(TempFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Packet {
  std::uint64_t number;
  std::int64_t time_ns;
  bool has_time;
  std::uint32_t wire_length;
  int link_type;
  std::uint32_t interface;
  std::string bytes;
  std::vector<std::string> comments;
};

struct Reading {
  std::vector<Packet> packets;
  std::optional<Damage> damage;
  CaptureInfo info;
};

Packet copy_of(const Frame& frame);
Reading read_path(const std::string& path, const std::string& filter = "");
Reading read(const std::string& content, const std::string& filter = "");

// The message of the CaptureError that reading ends in; empty if there is none.
std::string error_of(const std::function<void()>& action);
std::string open_error(const std::string& content, const std::string& filter = "");

}  // namespace tcpautopsy::test
