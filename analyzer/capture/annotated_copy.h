// Copies a capture as pcapng and adds comments: to pcapng nothing else changes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/capture/capture_error.h"
#include "analyzer/capture/frame.h"

namespace tcpautopsy {

class MemberShelf;

// UTF-8, each at most 65,535 octets: what is beyond is cut off.
struct CopyComments {
  std::string section;  // for the first section header; empty for none
  // Appends those of the packet, counted from 1; asked for every packet, in order.
  std::function<void(std::uint64_t number, std::vector<std::string>& comments)> packet;
  // What is written of a packet, good until the next call; may be empty. With it nothing else of a file is
  // kept but times, link types, drops and the capture's end.
  std::function<Frame(const Frame&)> rewrite;
};

struct Copied {
  std::uint64_t packets = 0;
  // Packets whose comments had no place: simple packet blocks have no options.
  std::uint64_t without_room = 0;
};

// Of pcapng every block is kept to the bit, in its byte order, of whatever kind; comments are put behind the
// options that are there. Only a section header that tells its length tells none any more. pcap and snoop
// become pcapng in nanoseconds. `path` is as for CaptureSource::open, `shelf` may be null. Where the capture
// is damaged, the copy ends before octet `damaged_at` of it uncompressed, as reading did (Damage::offset).
// Throws CaptureError, its message naming the file, where the file is not any more what it was when it was
// read, or reading was stopped; and what `write` throws.
Copied copy_with_comments(const std::string& path, MemberShelf* shelf,
                          std::optional<std::uint64_t> damaged_at, const CopyComments& comments,
                          const std::function<void(std::string_view)>& write);

}  // namespace tcpautopsy
