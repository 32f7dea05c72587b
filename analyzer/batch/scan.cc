#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "analyzer/batch/inputs.h"
#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/capture_source.h"

namespace tcpautopsy::batch {
namespace {

constexpr std::array<std::string_view, 8> kCaptureEndings{".pcap", ".pcapng", ".cap",  ".snoop",
                                                          ".dmp",  ".dump",   ".ntar", ".ncap"};
constexpr std::array<std::string_view, 8> kPackedEndings{".gz",  ".xz",  ".zst", ".bz2",
                                                         ".lz4", ".tar", ".zip", ".tgz"};

// Whether by its name the file is meant to be a capture, or to hold some: then its not being one is told.
bool meant_to_be(std::string_view path) {
  std::string_view name = path.substr(path.find_last_of('/') + 1);
  const auto ends = [&](const auto& endings) {
    return std::find_if(endings.begin(), endings.end(), [&](std::string_view ending) {
      return name.size() > ending.size() && name.ends_with(ending);
    });
  };
  if (const auto packed = ends(kPackedEndings); packed != kPackedEndings.end())
    name.remove_suffix(packed->size());
  // tcpdump -C and -W count behind the ending.
  while (!name.empty() && name.back() >= '0' && name.back() <= '9') name.remove_suffix(1);
  return ends(kCaptureEndings) != kCaptureEndings.end();
}

// The stream of the member at hand.
class MemberBytes final : public ByteSource {
 public:
  MemberBytes(ArchiveReader& reader, std::uint64_t most_expansion)
      : reader_(reader), most_expansion_(most_expansion) {}
  std::size_t read(std::uint8_t* to, std::size_t size) override { return reader_.read(to, size); }
  const std::string& error() const override { return reader_.error(); }
  std::uint64_t taken() const override { return reader_.taken(); }
  std::uint64_t most_expansion() const override { return most_expansion_; }

 private:
  ArchiveReader& reader_;
  std::uint64_t most_expansion_;
};

std::string without_name(const std::string& message, const std::string& path) {
  const std::string lead = path + ": ";
  return message.starts_with(lead) ? message.substr(lead.size()) : message;
}

// What cannot even be read may be anything; what is read and is none must have been meant to be one.
bool was_read(std::string_view reason) {
  return reason.starts_with("not a capture") || reason.starts_with("the file is empty");
}

void read_capture(CaptureSource& source, bool whole, Scanned& found) {
  found.kind = Kind::Capture;
  Frame frame;
  bool more = source.next(frame);
  const bool any = more;
  while (whole && more) more = source.next(frame);
  const CaptureInfo& info = source.info();
  found.whole = !more;
  found.link_types = info.link_types;
  std::sort(found.link_types.begin(), found.link_types.end());
  found.pcapng = info.format.starts_with("pcapng");
  if (any) found.first_ns = info.first_ns;
  if (found.whole) found.last_ns = info.last_ns;
}

Scanned scan_member(ArchiveReader& archive, const FoundFile& file, std::uint64_t place,
                    std::uint64_t most_expansion) {
  Scanned found;
  found.path = file.path + kMemberMark + archive.member();
  found.archive = file.path;
  found.size = archive.size();
  found.mtime_ns = file.mtime_ns;
  found.place = place;
  try {
    const auto source =
        CaptureSource::open(found.path, std::make_unique<MemberBytes>(archive, most_expansion), "");
    read_capture(*source, true, found);
  } catch (const CaptureError& error) {
    found.reason = without_name(error.what(), found.path);
    if (!archive.error().empty()) found.reason = archive.error();
    found.kind = !was_read(found.reason) || meant_to_be(found.path) ? Kind::Broken : Kind::Other;
  }
  return found;
}

ScanResult scan_archive(ArchiveReader& archive, const FoundFile& file, std::uint64_t most_expansion) {
  ScanResult result;
  result.archive = true;
  while (archive.next())
    result.found.push_back(scan_member(archive, file, result.found.size(), most_expansion));
  result.error = archive.error();
  return result;
}

}  // namespace

ScanResult scan(const FoundFile& file, bool whole, std::uint64_t most_expansion) {
  Scanned found{file.path, {}, file.size, file.mtime_ns, Kind::Other, {}, {}, false, false, {}, {}, 0};
  try {
    MemberShelf shelf(most_expansion);
    const auto source = CaptureSource::open(file.path, "", &shelf);
    read_capture(*source, whole, found);
    return {{found}, false, {}};
  } catch (const CaptureError& error) {
    found.reason = without_name(error.what(), file.path);
  }
  if (const auto archive = ArchiveReader::open(file.path))
    return scan_archive(*archive, file, most_expansion);
  found.kind = !was_read(found.reason) || file.named || meant_to_be(file.path) ? Kind::Broken : Kind::Other;
  return {{found}, false, {}};
}

}  // namespace tcpautopsy::batch
