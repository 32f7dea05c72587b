// Reads one capture file: pcap, pcapng or snoop, also compressed, or standard input ("-").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/capture/capture_error.h"
#include "analyzer/capture/frame.h"

namespace tcpautopsy {

// Where reading had to stop early. What was read before is good.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;  // byte offset in the (uncompressed) file of the record that is damaged
  std::uint64_t packet = 0;  // number of the last whole packet
  std::string reason;        // "record claims 4 GiB", "file ends inside a packet", ...
};

// What the file says of itself; complete only when next() has returned false.
struct CaptureInfo {
  std::string file;
  std::string format;                             // "pcap", "pcapng", "snoop", with "+gzip" and the like
  std::vector<int> link_types;                    // DLT_*, each once, in order of appearance
  std::uint64_t packets = 0;                      // records read, before the filter
  std::uint64_t filtered_out = 0;                 // records that the filter left out
  std::uint64_t cut_packets = 0;                  // records shorter than on the wire (snap length)
  std::uint64_t impossible_times = 0;             // records whose time was clamped (capture_time.h)
  std::optional<std::int64_t> first_ns, last_ns;  // earliest and latest time of a record, of any protocol
  std::optional<std::int64_t> end_ns;             // latest isb_endtime of a pcapng Interface Statistics Block
  std::optional<std::uint64_t> dropped;  // isb_ifdrop + isb_osdrop over interfaces; snoop's last count
};

// contract.md's capture end: the latest end a statistics block tells, else the last record.
std::optional<std::int64_t> stated_end(const std::vector<CaptureInfo>& infos);

class ByteSource;
class MemberShelf;

class CaptureSource {
 public:
  virtual ~CaptureSource() = default;

  // The next record that passes the filter; false at the end of the file or where it is damaged.
  virtual bool next(Frame& frame) = 0;

  // Set once reading stopped before the end of the file.
  virtual const std::optional<Damage>& damage() const = 0;
  virtual const CaptureInfo& info() const = 0;
  // Octets of the file on disk taken so far: of a compressed one, compressed.
  virtual std::uint64_t taken() const = 0;

  // `path` may name a member of an archive (archive_reader.h), found faster with a shelf. `filter` is a
  // pcap-filter(7) expression, applied by each record's own link type; empty for all. Throws CaptureError,
  // its message naming the file.
  static std::unique_ptr<CaptureSource> open(const std::string& path, const std::string& filter = "",
                                             MemberShelf* shelf = nullptr);
  // The same of a stream called `name`.
  static std::unique_ptr<CaptureSource> open(const std::string& name, std::unique_ptr<ByteSource> stream,
                                             const std::string& filter);
};

}  // namespace tcpautopsy
