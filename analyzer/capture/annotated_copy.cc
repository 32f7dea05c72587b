#include "analyzer/capture/annotated_copy.h"

#include <limits>
#include <utility>

#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/capture_source.h"
#include "analyzer/capture/decompress.h"
#include "analyzer/capture/pcapng_format.h"
#include "analyzer/capture/pcapng_writer.h"

namespace tcpautopsy {
namespace {

using namespace pcapng;
using Write = std::function<void(std::string_view)>;

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class PcapngCopier {
 public:
  PcapngCopier(const std::string& file, ByteWindow& stream, std::optional<std::uint64_t> damaged_at,
               const CopyComments& comments, const Write& write)
      : file_(file), stream_(stream), comments_(comments), section_(comments.section), write_(write) {
    if (damaged_at) end_ = *damaged_at;
  }

  Copied run() {
    while (stream_.offset() < end_ && stream_.ahead(1) != nullptr) block();
    if (!stream_.error().empty() && stream_.offset() < end_) fail();
    return copied_;
  }

 private:
  [[noreturn]] void fail() const { throw CaptureError(file_ + ": is not as it was when it was read first"); }

  const std::uint8_t* ahead(std::size_t size) {
    const std::uint8_t* at = stream_.ahead(size);
    if (at == nullptr) fail();
    return at;
  }

  void block() {
    const std::uint8_t* head = ahead(kBlockHead);
    const std::uint32_t type = order_.u32(head);
    if (type == kSectionHeader)
      order_ = ByteOrder(ByteOrder().u32(ahead(kMinBlock) + kBlockHead) != kByteOrderMagic);
    const std::uint32_t length = order_.u32(ahead(kBlockHead) + 4);
    if (length < kMinBlock || length % 4 != 0) fail();
    if (type == kSectionHeader) return section(length);
    if (is_packet(type)) return packet(type, length);
    copy(length);
  }

  // As it is, however long.
  void copy(std::uint64_t size) {
    constexpr std::uint64_t kPiece = 65536;
    while (size > 0) {
      ahead(1);
      const Bytes piece = stream_.rest(static_cast<std::size_t>(std::min(size, kPiece)));
      write_(text_of(piece));
      stream_.consume(piece.size());
      size -= piece.size();
    }
  }

  void section(std::uint32_t length) {
    constexpr std::size_t kFixed = kBlockHead + 16;
    if (length < kFixed + kBlockTail) fail();
    std::vector<std::string> added;
    if (std::string comment = std::exchange(section_, {}); !comment.empty())
      added.push_back(std::move(comment));
    rewrite(length, kFixed, added);
  }

  void packet(std::uint32_t type, std::uint32_t length) {
    ++copied_.packets;
    std::vector<std::string> added;
    if (comments_.packet) comments_.packet(copied_.packets, added);
    if (type == kSimplePacket && !std::exchange(added, {}).empty()) ++copied_.without_room;
    if (added.empty()) return copy(length);
    constexpr std::size_t kFixed = kBlockHead + kPacketFixed;
    if (length < kFixed + kBlockTail) fail();
    const std::size_t captured = order_.u32(ahead(kFixed) + kBlockHead + 12);
    if (captured > length - kFixed - kBlockTail) fail();
    rewrite(length, kFixed + padded(captured), added);
  }

  // Writes the block, whose options begin at `options`, with the comments behind them.
  void rewrite(std::uint32_t length, std::size_t options, const std::vector<std::string>& added) {
    const Bytes block{ahead(length), length};
    const Bytes body = block.first(length - kBlockTail);
    const std::size_t at =
        options + for_each_option(body.subspan(options), order_, [](std::uint16_t, Bytes) {});
    std::string out(text_of(body.first(at)));
    for (const std::string& comment : added) put_option(out, kComment, comment);
    if (at == body.size() && !added.empty()) put_option(out, kEndOfOptions, {});
    out += text_of(body.subspan(at));
    if (out.size() > std::numeric_limits<std::uint32_t>::max() - kBlockTail) fail();
    put(out, out.size(), static_cast<std::uint32_t>(out.size() + kBlockTail));
    put(out, 4, static_cast<std::uint32_t>(out.size()));
    // Its blocks grow by comments that are not known yet.
    if (order_.u32(block.data()) == kSectionHeader) out.replace(kBlockHead + 8, 8, 8, '\xff');
    write_(out);
    stream_.consume(length);
  }

  template <class Number>
  void put(std::string& out, std::size_t at, Number value) const {
    if (at == out.size()) out.append(sizeof value, '\0');
    order_.put(reinterpret_cast<std::uint8_t*>(out.data() + at), value);
  }

  void put_option(std::string& out, std::uint16_t code, std::string_view value) const {
    value = value.substr(0, kMaxOption);
    put(out, out.size(), code);
    put(out, out.size(), static_cast<std::uint16_t>(value.size()));
    out += value;
    out.append(padded(value.size()) - value.size(), '\0');
  }

  const std::string& file_;
  ByteWindow& stream_;
  std::uint64_t end_ = std::numeric_limits<std::uint64_t>::max();
  const CopyComments& comments_;
  std::string section_;  // still to be written
  const Write& write_;
  ByteOrder order_;
  Copied copied_;
};

Copied copy_records(CaptureSource& source, const CopyComments& comments, const Write& write) {
  Copied copied;
  std::string blocks;
  PcapngWriter writer(blocks, comments.section);
  std::vector<std::string> added;
  for (Frame read; source.next(read); ++copied.packets) {
    added.clear();
    if (comments.packet) comments.packet(read.number, added);
    Frame frame = comments.rewrite ? comments.rewrite(read) : read;
    frame.comments.insert(frame.comments.end(), added.begin(), added.end());
    writer.write(frame);
    write(blocks);
    blocks.clear();
  }
  writer.write_statistics(source.info().end_ns, source.info().dropped);
  write(blocks);
  return copied;
}

}  // namespace

Copied copy_with_comments(const std::string& path, MemberShelf* shelf,
                          std::optional<std::uint64_t> damaged_at, const CopyComments& comments,
                          const std::function<void(std::string_view)>& write) {
  std::unique_ptr<ByteWindow> stream = unpack(open_input(path, shelf)).stream;
  const std::uint8_t* magic = stream->ahead(4);
  if (!comments.rewrite && magic != nullptr && ByteOrder().u32(magic) == kSectionHeader)
    return PcapngCopier(path, *stream, damaged_at, comments, write).run();
  return copy_records(*CaptureSource::open(path, std::move(stream), ""), comments, write);
}

}  // namespace tcpautopsy
