// Writes frames as pcapng: nanoseconds, their interfaces and comments kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/capture/frame.h"

namespace tcpautopsy {

class PcapngWriter {
 public:
  // Appends the section header, as `write` appends a block, with a comment unless that is empty; `out` must
  // outlive the writer, and may be emptied.
  explicit PcapngWriter(std::string& out, std::string_view comment = {});

  // `file` keeps interfaces of different inputs apart.
  void write(const Frame& frame, std::uint32_t file = 0);
  // When the capture ended, and how many packets it dropped; nothing where neither is known or no packet was
  // written.
  void write_statistics(std::optional<std::int64_t> end_ns, std::optional<std::uint64_t> dropped);

 private:
  void put_time(std::int64_t time_ns);
  struct Interface {
    int link_type;
    std::uint32_t original;
    std::uint32_t file;
    bool operator==(const Interface&) const = default;
  };

  std::uint32_t interface_of(const Frame& frame, std::uint32_t file);
  void put_block(std::uint32_t type);

  std::string& out_;
  std::vector<Interface> interfaces_;
  std::vector<std::uint8_t> body_;  // of the block in hand
};

}  // namespace tcpautopsy
