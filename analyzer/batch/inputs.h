// Which files a batch is about, and what each of them is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tcpautopsy::batch {

// A file as the folder tells of it.
struct FoundFile {
  std::string path;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  bool named = false;  // by the user, or in a list: it is to be a capture
};

// What cannot be looked at.
struct Missing {
  std::string path, reason;
  bool absent = false;  // it was named, and there is no such file
};

struct Found {
  std::vector<FoundFile> files;  // by path, each once
  std::vector<Missing> missing;
};

// Files as they are named, folders with all that is below them (links to folders are not followed), and
// patterns of the shell where no such file exists.
Found find_files(const std::vector<std::string>& names);

enum class Kind : std::uint8_t { Capture, Other, Broken };

// What a file, or a member of an archive, turned out to be.
struct Scanned {
  std::string path, archive;  // `archive` is empty for a plain file
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  Kind kind = Kind::Other;
  std::string reason;  // if it is no capture
  // Of a capture:
  std::vector<int> link_types;  // in order of number
  bool pcapng = false;
  bool whole = false;  // read to its end, else only its first record was
  std::optional<std::int64_t> first_ns, last_ns;
  std::uint64_t place = 0;  // rank in its archive
};

// A file, or all members of an archive. Reads only as far as the first record unless `whole`; members are
// always read whole, for there is no way around their octets. Compressed ones may expand `most_expansion`
// times.
struct ScanResult {
  std::vector<Scanned> found;
  bool archive = false;
  std::string error;  // of the archive
};
ScanResult scan(const FoundFile& file, bool whole, std::uint64_t most_expansion);

}  // namespace tcpautopsy::batch
