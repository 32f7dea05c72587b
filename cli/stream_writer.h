// How `tcpautopsy stream` prints what a connection carried.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "analyzer/reassembly/reassembly.h"
#include "analyzer/report/text/text.h"
#include "cli/output.h"

namespace tcpautopsy::cli {

// What every line needs of the connection; known before the first is printed.
struct StreamNames {
  std::uint64_t flow = 0;
  Side client = Side::A;
  PerSide<EndpointAddress> addresses;
  FrameRef first;  // its first segment
  std::span<const std::string> files;

  std::string_view endpoint(Side side) const { return side == client ? "client" : "server"; }
  // "frame 7", "frame 7 of b.pcap" if that is not the file of the connection's first.
  std::string frame(const FrameRef& frame) const;
  std::string_view file(const FrameRef& frame) const {
    return frame.file < files.size() ? std::string_view(files[frame.file]) : std::string_view();
  }
};

// "server: 1460 bytes at offset 2920 are not in the capture, as frame 12 shows".
std::string gap_text(const StreamNames& names, const StreamGap& gap);
std::string conflict_text(const StreamNames& names, const StreamConflict& conflict);
// "7 bytes, ended by FIN in frame 9; 2 keep-alive bytes; ...".
std::string summary_text(const StreamNames& names, const StreamSummary& summary);

class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  virtual void begin(const StreamNames& /*names*/) {}
  virtual void data(const StreamNames& names, const StreamChunk& chunk) = 0;
  virtual void gap(const StreamNames& names, const StreamGap& gap) = 0;
  virtual void conflict(const StreamNames& names, const StreamConflict& conflict) = 0;
  virtual void end(const StreamNames& names, Side sender, const StreamSummary& summary) = 0;
};

// `format` is one of the command's. `quiet`: raw tells gaps by their sum only.
std::unique_ptr<StreamWriter> stream_writer(std::string_view format, Output& out, const TextStyle& style,
                                            bool quiet);

}  // namespace tcpautopsy::cli
