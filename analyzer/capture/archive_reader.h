// Members of tar and zip archives (compressed or not), read as streams, never unpacked to disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "analyzer/capture/byte_source.h"

namespace tcpautopsy {

// So many archives may lie in each other; one that lies deeper is a member with an error.
constexpr std::size_t kMostNested = 3;

// Between an archive's path and its member's name in the name of an input: "day.tar.xz!eth0/0001.pcap".
constexpr char kMemberMark = '!';

class ArchiveReader {
 public:
  // Null if the file is no tar or zip archive. Throws CaptureError where it cannot be opened at all.
  static std::shared_ptr<ArchiveReader> open(const std::string& path);
  virtual ~ArchiveReader() = default;

  // Steps to the next member that is a plain file; false at the end, or where the archive is broken. An
  // archive in the archive is stepped through in its place ("inner.zip!eth0.pcap"); where it is broken, it is
  // a member of its own behind those that could be read, and error() tells why.
  virtual bool next() = 0;
  // Its name with the names of the archives it lies in. Where an archive has a name more than once, all but
  // the first have "@2", "@3" and so on behind it.
  virtual const std::string& member() const = 0;
  virtual std::uint64_t size() const = 0;        // of the member, as the archive tells; 0 where it does not
  virtual const std::string& error() const = 0;  // empty while nothing is wrong with archive and member
  virtual std::size_t read(std::uint8_t* to, std::size_t size) = 0;  // of the member at hand
  virtual std::uint64_t taken() const = 0;  // octets of the archive's file taken so far
};

// Keeps the archive opened last at the place reached, so that members taken in the order they lie in cost one
// pass, and how far what it opens may expand. One for each thread.
class MemberShelf {
 public:
  explicit MemberShelf(std::uint64_t most_expansion = kUsualExpansion) : most_expansion_(most_expansion) {}

  // Throws CaptureError if there is no such archive or member. The stream ends when the next one is opened.
  std::unique_ptr<ByteSource> open(const std::string& archive, const std::string& member);
  std::uint64_t most_expansion() const { return most_expansion_; }

 private:
  bool advance(const std::string& member);

  std::uint64_t most_expansion_;
  std::string path_;
  std::shared_ptr<ArchiveReader> reader_;
};

// Whether a path that names no file of its own names a member; then in two parts.
struct MemberPath {
  std::string archive, member;
};
bool split_member_path(const std::string& path, MemberPath& parts);

// A file or standard input as open_file() does, or a member of an archive; without a `shelf`, as one with the
// usual expansion.
std::unique_ptr<ByteSource> open_input(const std::string& path, MemberShelf* shelf);

}  // namespace tcpautopsy
