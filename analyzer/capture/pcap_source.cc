// Classic pcap, read by libpcap from a stdio stream over our own bytes.
#include <pcap/pcap.h>
#include <stdio_ext.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "analyzer/capture/source_base.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kStdioBuffer = 256 * 1024;
constexpr std::uint64_t kFileHeader = 24;
constexpr std::uint64_t kSnaplenBegin = 16, kSnaplenEnd = 20;
constexpr std::uint64_t kRecordHeader = 16, kModifiedRecordHeader = 24;

// The bytes as libpcap gets to see them: with a snap length of 0, "no limit". libpcap would cut records down
// to the header's snap length without a word; other tools deliver what is there, and offsets could no longer
// be summed up.
class PcapBytes {
 public:
  explicit PcapBytes(std::unique_ptr<ByteWindow> stream) : stream_(std::move(stream)) {}

  std::size_t read(std::uint8_t* to, std::size_t size) {
    const std::size_t got = stream_->read(to, size);
    for (std::uint64_t at = std::max(delivered_, kSnaplenBegin); at < std::min(delivered_ + got, kSnaplenEnd);
         ++at)
      to[at - delivered_] = 0;
    delivered_ += got;
    return got;
  }

  std::uint64_t delivered() const { return delivered_; }
  const std::string& error() const { return stream_->error(); }

 private:
  std::unique_ptr<ByteWindow> stream_;
  std::uint64_t delivered_ = 0;
};

ssize_t read_cookie(void* bytes, char* to, std::size_t size) {
  return static_cast<ssize_t>(
      static_cast<PcapBytes*>(bytes)->read(reinterpret_cast<std::uint8_t*>(to), size));
}

bool has_modified_records(const std::uint8_t* magic) {
  constexpr std::array<std::uint8_t, 4> kBig{0xa1, 0xb2, 0xcd, 0x34}, kLittle{0x34, 0xcd, 0xb2, 0xa1};
  return std::memcmp(magic, kBig.data(), 4) == 0 || std::memcmp(magic, kLittle.data(), 4) == 0;
}

class PcapSource final : public SourceBase {
 public:
  PcapSource(const std::string& file, const std::string& format, std::unique_ptr<ByteWindow> stream,
             const std::string& filter)
      : SourceBase(file, format),
        record_header_(has_modified_records(stream->ahead(4)) ? kModifiedRecordHeader : kRecordHeader),
        bytes_(std::move(stream)),
        buffer_(kStdioBuffer) {
    std::FILE* stdio = ::fopencookie(&bytes_, "rb", {read_cookie, nullptr, nullptr, nullptr});
    if (stdio == nullptr) throw CaptureError(file + ": no memory");
    std::setvbuf(stdio, buffer_.data(), _IOFBF, buffer_.size());
    // One thread reads it: the lock that stdio takes for each record buys nothing.
    ::__fsetlocking(stdio, FSETLOCKING_BYCALLER);
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    pcap_.reset(pcap_fopen_offline_with_tstamp_precision(stdio, PCAP_TSTAMP_PRECISION_NANO, error.data()));
    if (!pcap_) {
      std::fclose(stdio);
      throw CaptureError(file + ": " + error.data());
    }
    link_type_ = pcap_datalink(pcap_.get());
    note_link_type(link_type_);
    set_filter(filter);
  }

  bool next(Frame& frame) override {
    frame.comments.clear();
    frame.link_type = link_type_;
    frame.interface = 0;
    frame.has_time = true;
    while (!over_) {
      pcap_pkthdr* header = nullptr;
      const std::uint8_t* data = nullptr;
      if (const int result = pcap_next_ex(pcap_.get(), &header, &data); result != 1) {
        over_ = true;
        judge_end(result);
        break;
      }
      offset_ += record_header_ + header->caplen;
      // libpcap reads both as signed; files of after 2038 and the format's text say unsigned.
      frame.time_ns =
          std::int64_t{static_cast<std::uint32_t>(header->ts.tv_sec)} * 1'000'000'000 + header->ts.tv_usec;
      frame.wire_length = header->len;
      frame.bytes = {data, header->caplen};
      if (admit(frame)) return true;
    }
    return false;
  }

 private:
  struct Close {
    void operator()(pcap_t* pcap) const { pcap_close(pcap); }
  };

  void judge_end(int result) {
    constexpr std::string_view kTruncated = "truncated";
    const std::string why = pcap_geterr(pcap_.get());
    const std::uint64_t left = bytes_.delivered() - offset_;
    if (!bytes_.error().empty()) {
      damaged_at(offset_, bytes_.error());
    } else if (result == PCAP_ERROR_BREAK) {
      return;
    } else if (unsigned captured = 0;
               std::sscanf(why.c_str(), "invalid packet capture length %u", &captured) == 1) {
      damaged_at(offset_, "a record claims " + std::to_string(captured) + " captured bytes");
    } else if (!why.starts_with(kTruncated)) {
      damaged_at(offset_, why);
    } else if (left < record_header_) {
      damaged_at(offset_, "the file ends inside a record header (" + std::to_string(left) + " of " +
                              std::to_string(record_header_) + " bytes)");
    } else {
      damaged_at(offset_, "the file ends inside a packet (" + std::to_string(left - record_header_) +
                              " bytes of it are there)");
    }
  }

  std::uint64_t record_header_;
  PcapBytes bytes_;
  std::vector<char> buffer_;
  std::unique_ptr<pcap_t, Close> pcap_;  // closes the stream over bytes_ and buffer_, so it goes first
  int link_type_ = 0;
  std::uint64_t offset_ = kFileHeader;  // of the record to come
  bool over_ = false;
};

}  // namespace

std::unique_ptr<CaptureSource> open_pcap(const std::string& file, const std::string& format,
                                         std::unique_ptr<ByteWindow> stream, const std::string& filter) {
  return std::make_unique<PcapSource>(file, format, std::move(stream), filter);
}

}  // namespace tcpautopsy
