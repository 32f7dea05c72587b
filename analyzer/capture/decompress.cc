#include "analyzer/capture/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <string_view>

namespace tcpautopsy {
namespace {

using namespace std::string_view_literals;

struct Compression {
  std::string_view name;
  std::string_view magic;
  int (*enable)(archive*);  // null: not libarchive's work
};

constexpr Compression kCompressions[] = {
    {"gzip", "\x1f\x8b"sv, nullptr},
    {"bzip2", "BZh"sv, archive_read_support_filter_bzip2},
    {"xz", "\xfd\x37zXZ\0"sv, archive_read_support_filter_xz},
    {"zstd", "\x28\xb5\x2f\xfd"sv, archive_read_support_filter_zstd},
    {"lz4", "\x04\x22\x4d\x18"sv, archive_read_support_filter_lz4},
};

constexpr std::size_t kInputSize = 64 * 1024;

// Not through libarchive, which throws away up to 64 KiB of good output where the stream ends early: for a
// capture cut by a full disk or a killed writer those are the last packets before the event one is looking
// for.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> packed) : packed_(std::move(packed)), input_(kInputSize) {
    if (inflateInit2(&zlib_, 16 + MAX_WBITS) != Z_OK) error_ = "no memory to decompress gzip";
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override { inflateEnd(&zlib_); }

  std::size_t read(std::uint8_t* to, std::size_t size) override {
    const uInt room = static_cast<uInt>(std::min<std::size_t>(size, INT_MAX));
    zlib_.next_out = to;
    zlib_.avail_out = room;
    while (zlib_.avail_out > 0 && !over_ && error_.empty()) step();
    return room - zlib_.avail_out;
  }

  const std::string& error() const override { return error_; }
  std::uint64_t taken() const override { return packed_->taken(); }
  std::uint64_t most_expansion() const override { return packed_->most_expansion(); }

 private:
  void step() {
    if (zlib_.avail_in == 0) refill();
    if (zlib_.avail_in == 0) {
      over_ = between_members_;
      if (!over_) error_ = packed_->error().empty() ? "the gzip stream ends early" : packed_->error();
      return;
    }
    // RFC 1952 2.2: members follow each other; anything else after the first is padding, as gzip(1) sees it.
    if (between_members_ && zlib_.next_in[0] != 0x1f) {
      over_ = true;
      return;
    }
    between_members_ = false;
    const int result = inflate(&zlib_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      between_members_ = true;
      inflateReset(&zlib_);
    } else if (result != Z_OK) {
      error_ = std::string("the gzip stream is corrupt") + (zlib_.msg ? std::string(": ") + zlib_.msg : "");
    }
  }

  void refill() {
    zlib_.next_in = input_.data();
    zlib_.avail_in = static_cast<uInt>(packed_->read(input_.data(), input_.size()));
  }

  std::unique_ptr<ByteSource> packed_;
  std::vector<std::uint8_t> input_;
  z_stream zlib_{};
  bool between_members_ = false;
  bool over_ = false;
  std::string error_;
};

class ArchiveSource final : public ByteSource {
 public:
  ArchiveSource(std::unique_ptr<ByteSource> packed, const Compression& compression)
      : packed_(std::move(packed)),
        input_(kInputSize),
        name_(compression.name),
        archive_(archive_read_new()) {
    // Anything but OK means that libarchive would start an outside program for it.
    if (compression.enable(archive_) != ARCHIVE_OK) {
      error_ = "this libarchive cannot decompress " + name_;
      return;
    }
    archive_read_support_format_raw(archive_);
    archive_read_support_format_empty(archive_);
    archive_entry* entry = nullptr;
    if (archive_read_open(archive_, this, nullptr, give_input, nullptr) != ARCHIVE_OK) {
      fail();
    } else if (const int result = archive_read_next_header(archive_, &entry); result == ARCHIVE_EOF) {
      over_ = true;
    } else if (result != ARCHIVE_OK || archive_filter_code(archive_, 0) == ARCHIVE_FILTER_NONE) {
      // No filter: libarchive looks further than the magic, did not recognise the stream and would hand it
      // out as it is.
      fail();
    }
  }
  ArchiveSource(const ArchiveSource&) = delete;
  ArchiveSource& operator=(const ArchiveSource&) = delete;
  ~ArchiveSource() override { archive_read_free(archive_); }

  std::size_t read(std::uint8_t* to, std::size_t size) override {
    while (block_size_ == 0 && !over_ && error_.empty()) {
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive_, &block_, &block_size_, &offset);
      if (result == ARCHIVE_EOF) over_ = true;
      if (result == ARCHIVE_EOF) block_size_ = 0;
      if (result < ARCHIVE_OK) fail();
    }
    const std::size_t n = std::min(size, block_size_);
    if (n > 0) std::memcpy(to, block_, n);
    block_ = static_cast<const std::uint8_t*>(block_) + n;
    block_size_ -= n;
    return n;
  }

  const std::string& error() const override { return error_; }
  std::uint64_t taken() const override { return packed_->taken(); }
  std::uint64_t most_expansion() const override { return packed_->most_expansion(); }

 private:
  static la_ssize_t give_input(archive*, void* self, const void** data) {
    auto* source = static_cast<ArchiveSource*>(self);
    *data = source->input_.data();
    return static_cast<la_ssize_t>(source->packed_->read(source->input_.data(), source->input_.size()));
  }

  void fail() {
    block_size_ = 0;
    const char* why = archive_error_string(archive_);
    error_ = "the " + name_ + " stream is broken" + (why ? std::string(": ") + why : "");
    if (!packed_->error().empty()) error_ = packed_->error();
  }

  std::unique_ptr<ByteSource> packed_;
  std::vector<std::uint8_t> input_;
  std::string name_;
  archive* archive_;
  const void* block_ = nullptr;
  std::size_t block_size_ = 0;
  bool over_ = false;
  std::string error_;
};

}  // namespace

std::string name_of_compression(Bytes start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  for (const Compression& c : kCompressions)
    if (text.starts_with(c.magic)) return std::string(c.name);
  return {};
}

std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> packed, const std::string& compression) {
  const auto* found = std::find_if(std::begin(kCompressions), std::end(kCompressions),
                                   [&](const Compression& c) { return c.name == compression; });
  if (found->enable == nullptr) return std::make_unique<GzipSource>(std::move(packed));
  return std::make_unique<ArchiveSource>(std::move(packed), *found);
}

Unpacked unpack(std::unique_ptr<ByteSource> bytes) {
  Unpacked inside{std::make_unique<ByteWindow>(std::move(bytes)), {}};
  for (int layer = 0; layer < kMostLayers; ++layer) {
    inside.stream->ahead(kCompressionMagicSize);
    const std::string compression = name_of_compression(inside.stream->rest(kCompressionMagicSize));
    if (compression.empty()) break;
    inside.packing += "+" + compression;
    inside.stream = std::make_unique<ByteWindow>(decompress(std::move(inside.stream), compression));
  }
  return inside;
}

}  // namespace tcpautopsy
