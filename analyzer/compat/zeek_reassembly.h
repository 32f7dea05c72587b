// What Zeek's reassembler makes of one direction: where acknowledgments reveal that the capture missed data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tcpautopsy {

// Positions are Zeek's relative sequence numbers: the SYN is 0, the first byte 1.
class ZeekReassembly {
 public:
  // Payload [seq, seq+length) was captured whole; `acked` is the highest position acknowledged so far.
  void add(std::uint64_t seq, std::uint32_t length, std::uint64_t acked, bool nothing_acked);
  // Everything below `seq` is acknowledged. Returns the number of holes that this writes off.
  unsigned acknowledge(std::uint64_t seq, bool partial_connection);
  std::size_t octets() const { return beyond_ ? beyond_->capacity() * sizeof(Range) : 0; }  // beside itself

 private:
  struct Range {
    std::uint64_t begin, end;
  };
  using Ranges = std::vector<Range>;

  void insert(Range range);
  void deliver();
  unsigned write_off(std::uint64_t up_to);
  void give_up();

  std::uint64_t delivered_ = 1;     // end of what was handed on, or written off
  std::uint64_t trimmed_ = 1;       // below this nothing is kept
  std::unique_ptr<Ranges> beyond_;  // captured beyond a hole: sorted, apart from each other; null for none
  bool given_up_ = false;
};

}  // namespace tcpautopsy
