#include "analyzer/capture/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <utility>

#include "analyzer/capture/capture_error.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kBlock = 128 * 1024;

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

class LibArchiveReader final : public ArchiveReader {
 public:
  LibArchiveReader() : archive_(archive_read_new()) {}
  LibArchiveReader(const LibArchiveReader&) = delete;
  LibArchiveReader& operator=(const LibArchiveReader&) = delete;
  ~LibArchiveReader() override { archive_read_free(archive_); }

  // False if it is none; a tar archive without members cannot be told from zeros. The first member's header
  // is read already: only it tells.
  bool begin(const std::string& path) {
    // Named one by one: "all" would start outside programs for rare filters.
    archive_read_support_filter_gzip(archive_);
    archive_read_support_filter_bzip2(archive_);
    archive_read_support_filter_xz(archive_);
    archive_read_support_filter_zstd(archive_);
    archive_read_support_filter_lz4(archive_);
    archive_read_support_format_tar(archive_);
    archive_read_support_format_zip(archive_);
    if (archive_read_open_filename(archive_, path.c_str(), kBlock) != ARCHIVE_OK) return false;
    first_ = archive_read_next_header(archive_, &entry_);
    return first_ == ARCHIVE_OK || first_ == ARCHIVE_WARN || (first_ == ARCHIVE_EOF && is_zip());
  }

  bool next() override {
    while (error_.empty()) {
      const int result = started_ ? archive_read_next_header(archive_, &entry_) : first_;
      started_ = true;
      if (result == ARCHIVE_EOF) return false;
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
        fail();
        return false;
      }
      if (archive_entry_filetype(entry_) != AE_IFREG) continue;
      const char* name = archive_entry_pathname(entry_);
      member_ = name != nullptr ? name : "";
      return true;
    }
    return false;
  }

  const std::string& member() const override { return member_; }
  std::uint64_t size() const override {
    const la_int64_t size = archive_entry_size_is_set(entry_) ? archive_entry_size(entry_) : 0;
    return size > 0 ? static_cast<std::uint64_t>(size) : 0;
  }
  const std::string& error() const override { return error_; }

  std::size_t read(std::uint8_t* to, std::size_t size) override {
    if (!error_.empty()) return 0;
    const la_ssize_t got = archive_read_data(archive_, to, size);
    if (got < 0) fail();
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

 private:
  bool is_zip() const {
    const int family = archive_format(archive_) & ARCHIVE_FORMAT_BASE_MASK;
    return family == ARCHIVE_FORMAT_ZIP;
  }
  void fail() {
    const char* why = archive_error_string(archive_);
    error_ = "the archive is broken" + (why ? std::string(": ") + why : "");
  }

  archive* archive_;
  archive_entry* entry_ = nullptr;
  int first_ = ARCHIVE_FATAL;
  bool started_ = false;
  std::string member_, error_;
};

class MemberSource final : public ByteSource {
 public:
  explicit MemberSource(std::shared_ptr<ArchiveReader> reader) : reader_(std::move(reader)) {}
  std::size_t read(std::uint8_t* to, std::size_t size) override { return reader_->read(to, size); }
  const std::string& error() const override { return reader_->error(); }

 private:
  std::shared_ptr<ArchiveReader> reader_;
};

}  // namespace

std::shared_ptr<ArchiveReader> ArchiveReader::open(const std::string& path) {
  auto reader = std::make_shared<LibArchiveReader>();
  if (!reader->begin(path)) return nullptr;
  return reader;
}

bool MemberShelf::advance(const std::string& member) {
  while (reader_ && reader_->next())
    if (reader_->member() == member) return true;
  return false;
}

std::unique_ptr<ByteSource> MemberShelf::open(const std::string& archive, const std::string& member) {
  const bool on = path_ == archive && advance(member);
  if (!on) {
    path_ = archive;
    reader_ = ArchiveReader::open(archive);
    if (!reader_) throw CaptureError(archive + ": is no tar or zip archive");
    if (!advance(member)) {
      const std::string why = reader_->error().empty() ? "no such member" : reader_->error();
      throw CaptureError(archive + kMemberMark + member + ": " + why);
    }
  }
  return std::make_unique<MemberSource>(reader_);
}

bool split_member_path(const std::string& path, MemberPath& parts) {
  struct stat status {};
  if (path == "-" || ::stat(path.c_str(), &status) == 0) return false;
  for (std::size_t mark = path.find(kMemberMark); mark != std::string::npos;
       mark = path.find(kMemberMark, mark + 1)) {
    parts = {path.substr(0, mark), path.substr(mark + 1)};
    if (is_regular_file(parts.archive)) return true;
  }
  return false;
}

std::unique_ptr<ByteSource> open_input(const std::string& path, MemberShelf* shelf) {
  MemberPath parts;
  if (!split_member_path(path, parts)) return open_file(path);
  MemberShelf own;
  return (shelf != nullptr ? *shelf : own).open(parts.archive, parts.member);
}

}  // namespace tcpautopsy
