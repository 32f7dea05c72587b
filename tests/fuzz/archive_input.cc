#include <array>
#include <string>
#include <vector>

#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/byte_source.h"
#include "analyzer/capture/capture_error.h"
#include "analyzer/capture/capture_source.h"
#include "file_input.h"
#include "file_on_disk.h"

namespace tcpautopsy::fuzz {
namespace {

constexpr std::size_t kMembers = 64, kPackets = 1'000;

std::vector<std::string> members_of(const std::string& path) {
  std::vector<std::string> members;
  const auto archive = ArchiveReader::open(path);
  std::array<std::uint8_t, 4096> octets;
  while (archive && members.size() < kMembers && archive->next()) {
    members.push_back(archive->member());
    for (std::size_t all = 0; all < octets.size() * 16;) {
      const std::size_t got = archive->read(octets.data(), octets.size());
      if (got == 0) break;
      all += got;
    }
  }
  return members;
}

}  // namespace

void archive_input(Bytes file) {
  const FileOnDisk disk("input", file);
  MemberShelf shelf;
  try {
    for (const std::string& member : members_of(disk.path())) {
      try {
        const auto source = CaptureSource::open(disk.path() + kMemberMark + member, "", &shelf);
        Frame frame;
        for (std::size_t read = 0; read < kPackets && source->next(frame); ++read) {
        }
      } catch (const CaptureError&) {
        continue;  // no capture, or not there any more
      }
    }
  } catch (const CaptureError&) {
    return;
  }
}

}  // namespace tcpautopsy::fuzz
