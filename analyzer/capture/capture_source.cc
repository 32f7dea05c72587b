#include "analyzer/capture/capture_source.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/byte_source.h"
#include "analyzer/capture/decompress.h"
#include "analyzer/capture/source_base.h"

namespace tcpautopsy {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kPcapHeaderSize = 24, kSnoopHeaderSize = 16;
constexpr std::size_t kTextShown = 32;

enum class Kind { kPcap, kPcapng, kSnoop, kOther };

// The magics libpcap takes: microseconds, nanoseconds, Kuznetzov's modified records; in either byte order.
constexpr std::string_view kPcapMagics[] = {
    "\xa1\xb2\xc3\xd4"sv, "\xd4\xc3\xb2\xa1"sv, "\xa1\xb2\x3c\x4d"sv,
    "\x4d\x3c\xb2\xa1"sv, "\xa1\xb2\xcd\x34"sv, "\x34\xcd\xb2\xa1"sv,
};
constexpr std::string_view kPcapngMagic = "\x0a\x0d\x0d\x0a"sv;
constexpr std::string_view kSnoopMagic = "snoop\0\0\0"sv;

struct LookAlike {
  std::string_view magic;
  std::string_view what;
};
constexpr LookAlike kLookAlikes[] = {
    {"PK\3\4"sv, "a zip archive"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive"},
    {"\x7f"sv
     "ELF"sv,
     "a program (ELF)"},
    {"%PDF"sv, "a PDF document"},
    {"\x89PNG"sv, "a PNG image"},
    {"GMBU"sv, "a Microsoft Network Monitor capture; `editcap -F pcap` makes a pcap of it"},
};

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Kind kind_of(std::string_view start) {
  if (start.starts_with(kPcapngMagic)) return Kind::kPcapng;
  if (start.starts_with(kSnoopMagic)) return Kind::kSnoop;
  const bool pcap = std::any_of(std::begin(kPcapMagics), std::end(kPcapMagics),
                                [&](std::string_view magic) { return start.starts_with(magic); });
  return pcap ? Kind::kPcap : Kind::kOther;
}

std::size_t header_size(Kind kind) { return kind == Kind::kSnoop ? kSnoopHeaderSize : kPcapHeaderSize; }

std::string what_it_looks_like(std::string_view start) {
  for (const LookAlike& known : kLookAlikes)
    if (start.starts_with(known.magic)) return "looks like " + std::string(known.what);
  const auto printable = [](unsigned char c) { return std::isprint(c) || std::isspace(c); };
  if (std::all_of(start.begin(), start.end(), printable)) {
    const std::string_view line = start.substr(0, start.find_first_of("\r\n"sv));
    return "looks like text: \"" + std::string(line) + "\"";
  }
  std::string hex = "begins with the bytes";
  for (const char c : start.substr(0, 8)) {
    char digits[4];
    std::snprintf(digits, sizeof digits, " %02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    hex += digits;
  }
  return hex;
}

[[noreturn]] void refuse(const std::string& path, const ByteWindow& stream, Kind kind, bool compressed) {
  const Bytes start = stream.rest(kTextShown);
  std::string why;
  if (!stream.error().empty()) {
    why = stream.error();
  } else if (start.empty()) {
    why = compressed ? "the file is empty once decompressed" : "the file is empty";
  } else if (kind != Kind::kOther) {
    why = "the file ends inside its header (" + std::to_string(start.size()) + " of " +
          std::to_string(header_size(kind)) + " bytes)";
  } else {
    why = "not a capture file: it " + what_it_looks_like(text_of(start));
  }
  throw CaptureError(path + ": " + why);
}

}  // namespace

std::optional<std::int64_t> stated_end(const std::vector<CaptureInfo>& infos) {
  std::optional<std::int64_t> end, last;
  for (const CaptureInfo& info : infos) {
    if (info.end_ns) end = std::max(end.value_or(*info.end_ns), *info.end_ns);
    if (info.last_ns) last = std::max(last.value_or(*info.last_ns), *info.last_ns);
  }
  return end ? end : last;
}

std::unique_ptr<CaptureSource> CaptureSource::open(const std::string& path, const std::string& filter,
                                                   MemberShelf* shelf) {
  return open(path, open_input(path, shelf), filter);
}

std::unique_ptr<CaptureSource> CaptureSource::open(const std::string& path, std::unique_ptr<ByteSource> bytes,
                                                   const std::string& filter) {
  auto [stream, packing] = unpack(std::move(bytes));
  stream->ahead(kPcapHeaderSize);
  const Bytes start = stream->rest(kPcapHeaderSize);
  const Kind kind = kind_of(text_of(start));
  // A pcapng section header is told short by its own reader, which knows how long it is to be.
  if (kind == Kind::kPcapng) return open_pcapng(path, "pcapng" + packing, std::move(stream), filter);
  const bool whole_header = start.size() >= header_size(kind);
  if (kind == Kind::kPcap && whole_header)
    return open_pcap(path, "pcap" + packing, std::move(stream), filter);
  if (kind == Kind::kSnoop && whole_header)
    return open_snoop(path, "snoop" + packing, std::move(stream), filter);
  refuse(path, *stream, kind, !packing.empty());
}

}  // namespace tcpautopsy
