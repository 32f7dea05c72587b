#include "analyzer/capture/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analyzer/capture/capture_error.h"
#include "analyzer/capture/decompress.h"
#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kBlock = 128 * 1024;
// Zeros that a file system need not have stored; records are smaller, and what they hold is rarely zeros.
constexpr std::uint64_t kMostHole = std::uint64_t{16} << 20;

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// One archive: a file, or what a stream gives.
class LibArchive {
 public:
  LibArchive() : archive_(archive_read_new()) {
    // Named one by one: "all" would start outside programs for rare filters.
    archive_read_support_filter_gzip(archive_);
    archive_read_support_filter_bzip2(archive_);
    archive_read_support_filter_xz(archive_);
    archive_read_support_filter_zstd(archive_);
    archive_read_support_filter_lz4(archive_);
    archive_read_support_format_tar(archive_);
    archive_read_support_format_zip(archive_);
  }
  LibArchive(const LibArchive&) = delete;
  LibArchive& operator=(const LibArchive&) = delete;
  ~LibArchive() { archive_read_free(archive_); }

  // False if it is none; a tar archive without members cannot be told from zeros. The first member's header
  // is read already: only it tells.
  bool begin(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && status.st_size > 0)
      file_size_ = static_cast<std::uint64_t>(status.st_size);
    return begun(archive_read_open_filename(archive_, path.c_str(), kBlock));
  }
  bool begin(void* stream, archive_read_callback* give) {
    return begun(archive_read_open(archive_, stream, nullptr, give, nullptr));
  }

  bool next() {
    block_ = {};
    gap_ = told_ = 0;
    hole_.clear();
    while (error_.empty()) {
      const int result = started_ ? archive_read_next_header(archive_, &entry_) : first_;
      started_ = true;
      if (result == ARCHIVE_EOF) return false;
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
        fail();
        return false;
      }
      if (archive_entry_filetype(entry_) == AE_IFREG) return true;
    }
    return false;
  }

  std::string member() const {
    const char* name = archive_entry_pathname(entry_);
    return name != nullptr ? name : "";
  }
  std::uint64_t size() const {
    const la_int64_t size = archive_entry_size_is_set(entry_) ? archive_entry_size(entry_) : 0;
    return size > 0 ? static_cast<std::uint64_t>(size) : 0;
  }
  const std::string& error() const { return hole_.empty() ? error_ : hole_; }
  // Of a zip archive, which is not read from front to back, all.
  std::uint64_t taken() const {
    const la_int64_t octets = archive_filter_bytes(archive_, -1);
    return is_zip() || octets < 0 ? file_size_ : static_cast<std::uint64_t>(octets);
  }

  std::size_t read(std::uint8_t* to, std::size_t size) {
    if (reading_stopped() || (gap_ == 0 && block_.empty() && !refill())) return 0;
    if (gap_ > 0) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(size, gap_));
      std::fill_n(to, n, std::uint8_t{0});
      gap_ -= n;
      return n;
    }
    const std::size_t n = std::min(size, block_.size());
    std::memcpy(to, block_.data(), n);
    block_ = block_.subspan(n);
    return n;
  }

 private:
  bool begun(int opened) {
    if (opened != ARCHIVE_OK) return false;
    first_ = archive_read_next_header(archive_, &entry_);
    return first_ == ARCHIVE_OK || first_ == ARCHIVE_WARN || (first_ == ARCHIVE_EOF && is_zip());
  }
  // Block by block: archive_read_data() would drop what stands before a break.
  bool refill() {
    while (error().empty()) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive_, &data, &size, &offset);
      // A sparse file's holes are not stored.
      if (result == ARCHIVE_EOF) return leave_hole(is_sparse() ? this->size() : told_);
      if (result != ARCHIVE_OK) {
        fail();
        return false;
      }
      const bool hole = leave_hole(offset > 0 ? static_cast<std::uint64_t>(offset) : 0);
      told_ += size;
      block_ = {static_cast<const std::uint8_t*>(data), size};
      if (hole || size > 0) return error().empty();
    }
    return false;
  }
  // Up to where the next octets belong; false if there is none, or one too large.
  bool leave_hole(std::uint64_t until) {
    gap_ = until > told_ ? until - told_ : 0;
    told_ += gap_;
    if (gap_ <= kMostHole) return gap_ > 0;
    hole_ = "the member has a hole of " + std::to_string(gap_) + " bytes, and no capture is so";
    gap_ = 0;
    return false;
  }
  bool is_sparse() const { return archive_entry_sparse_count(entry_) > 0; }
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
  std::uint64_t file_size_ = 0;       // where it is a file
  Bytes block_;                       // of the member at hand, not yet handed out
  std::uint64_t gap_ = 0, told_ = 0;  // zeros before the block; where the block ends
  std::string error_, hole_;          // of the archive; of the member at hand
};

// The member at hand of an archive. What is read to tell whether it is an archive itself can be read again.
class MemberStream {
 public:
  explicit MemberStream(LibArchive& from) : from_(from) {}

  bool may_be_archive() {
    more(kPeek);
    const std::string_view start(reinterpret_cast<const char*>(held_.data()), held_.size());
    constexpr std::size_t kTarMagic = 257;
    return start.starts_with("PK\3\4") || start.starts_with("PK\5\6") ||
           (start.size() > kTarMagic && start.substr(kTarMagic).starts_with("ustar")) ||
           (start.size() >= kCompressionMagicSize &&
            !name_of_compression({held_.data(), held_.size()}).empty());
  }
  void rewind() { at_ = 0; }
  // From now on it is read once.
  void settle() { trying_ = false; }

  std::size_t read(std::uint8_t* to, std::size_t size) {
    if (at_ == held_.size()) return from_.read(to, size);
    const std::size_t n = std::min(size, held_.size() - at_);
    std::memcpy(to, held_.data() + at_, n);
    at_ += n;
    return n;
  }

  static la_ssize_t give(archive*, void* self, const void** data) {
    return static_cast<MemberStream*>(self)->block(data);
  }

 private:
  la_ssize_t block(const void** data) {
    if (at_ == held_.size()) {
      if (!trying_) held_.clear(), at_ = 0;
      // No archive takes as much to be told.
      if (held_.size() < kMostHeld) more(kBlock);
    }
    *data = held_.data() + at_;
    const std::size_t n = held_.size() - at_;
    at_ = held_.size();
    return static_cast<la_ssize_t>(n);
  }
  void more(std::size_t size) {
    const std::size_t before = held_.size();
    held_.resize(before + size);
    std::size_t got = 0;
    // A block of the archive may be short.
    while (got < kPeek) {
      const std::size_t n = from_.read(held_.data() + before + got, size - got);
      if (n == 0) break;
      got += n;
    }
    held_.resize(before + got);
  }

  static constexpr std::size_t kPeek = 512;  // every magic stands in it
  static constexpr std::size_t kMostHeld = std::size_t{4} << 20;

  LibArchive& from_;
  std::vector<std::uint8_t> held_;
  std::size_t at_ = 0;
  bool trying_ = true;
};

// Members of archives in the archive stand in the place of those.
class NestedReader final : public ArchiveReader {
 public:
  bool begin(const std::string& path) {
    levels_.push_back(std::make_unique<Level>());
    return levels_.back()->archive.begin(path);
  }

  bool next() override {
    member_error_.clear();
    while (!levels_.empty() && !reading_stopped()) {
      Level& level = *levels_.back();
      level.inner.reset();
      if (level.archive.next()) {
        member_ = unlike_others(level.prefix + level.archive.member());
        level.inner = std::make_unique<MemberStream>(level.archive);
        if (!enter(level)) return true;
        continue;
      }
      if (levels_.size() == 1) return false;
      member_error_ = level.archive.error();
      member_ = level.prefix.substr(0, level.prefix.size() - 1);
      levels_.pop_back();
      // What of it could not be read is told as a member, by the name that its own had.
      if (!member_error_.empty()) return true;
    }
    return false;
  }

  const std::string& member() const override { return member_; }
  std::uint64_t taken() const override { return levels_.empty() ? 0 : levels_.front()->archive.taken(); }
  std::uint64_t size() const override { return levels_.back()->archive.size(); }
  const std::string& error() const override {
    return member_error_.empty() ? levels_.back()->archive.error() : member_error_;
  }
  std::size_t read(std::uint8_t* to, std::size_t size) override {
    MemberStream* stream = levels_.back()->inner.get();
    return member_error_.empty() && stream != nullptr ? stream->read(to, size) : 0;
  }

 private:
  // The outer one stays alive longer: `inner` reads from the archive before it.
  struct Level {
    LibArchive archive;
    std::string prefix;
    std::unique_ptr<MemberStream> inner;
  };

  // False, and all octets still to be read, where the member is no archive.
  bool enter(Level& level) {
    if (!level.inner->may_be_archive()) {
      level.inner->settle();
      return false;
    }
    auto inside = std::make_unique<Level>();
    const bool is_archive = inside->archive.begin(level.inner.get(), MemberStream::give);
    level.inner->settle();
    if (!is_archive) {
      level.inner->rewind();
      return false;
    }
    if (levels_.size() == kMostNested) {
      member_error_ = "an archive in " + std::to_string(kMostNested) + " others is not read";
      return false;
    }
    inside->prefix = member_ + kMemberMark;
    levels_.push_back(std::move(inside));
    return true;
  }

  std::string unlike_others(const std::string& name) {
    unsigned count = 1;
    std::string tried = name;
    while (!names_.insert(tried).second) tried = name + "@" + std::to_string(++count);
    return tried;
  }

  std::vector<std::unique_ptr<Level>> levels_;
  std::string member_, member_error_;
  std::unordered_set<std::string> names_;  // that members had
};

class MemberSource final : public ByteSource {
 public:
  MemberSource(std::shared_ptr<ArchiveReader> reader, std::uint64_t most_expansion)
      : reader_(std::move(reader)), most_expansion_(most_expansion) {}
  std::size_t read(std::uint8_t* to, std::size_t size) override { return reader_->read(to, size); }
  const std::string& error() const override { return reader_->error(); }
  std::uint64_t taken() const override { return reader_->taken(); }
  std::uint64_t most_expansion() const override { return most_expansion_; }

 private:
  std::shared_ptr<ArchiveReader> reader_;
  std::uint64_t most_expansion_;
};

}  // namespace

std::shared_ptr<ArchiveReader> ArchiveReader::open(const std::string& path) {
  auto reader = std::make_shared<NestedReader>();
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
    if (!reader_) throw CaptureError(archive + ": is not a tar or zip archive");
    if (!advance(member)) {
      const std::string why = reader_->error().empty() ? "no such member" : reader_->error();
      throw CaptureError(archive + kMemberMark + member + ": " + why);
    }
  }
  return std::make_unique<MemberSource>(reader_, most_expansion_);
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
  MemberShelf own;
  MemberShelf& from = shelf != nullptr ? *shelf : own;
  MemberPath parts;
  if (!split_member_path(path, parts)) return open_file(path, from.most_expansion());
  return from.open(parts.archive, parts.member);
}

}  // namespace tcpautopsy
