// What the readers of every format share: what the file said of itself, and the filter.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "analyzer/capture/byte_source.h"
#include "analyzer/capture/capture_filter.h"
#include "analyzer/capture/capture_source.h"
#include "analyzer/capture/capture_time.h"
#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy {

class SourceBase : public CaptureSource {
 public:
  const std::optional<Damage>& damage() const final { return damage_; }
  const CaptureInfo& info() const final { return info_; }
  std::uint64_t taken() const final { return stream_->taken(); }

 protected:
  SourceBase(const std::string& file, const std::string& format, std::unique_ptr<ByteWindow> stream)
      : stream_(std::move(stream)) {
    info_.file = file;
    info_.format = format;
  }

  void set_filter(const std::string& expression) {
    filter_ = std::make_unique<CaptureFilter>(expression, info_.link_types, info_.file);
  }

  void note_link_type(int link_type) {
    auto& known = info_.link_types;
    if (std::find(known.begin(), known.end(), link_type) == known.end()) known.push_back(link_type);
  }

  // Counts a whole record, numbers it, and says whether the filter lets it pass.
  bool admit(Frame& frame) {
    frame.number = ++info_.packets;
    if (frame.wire_length > frame.bytes.size()) ++info_.cut_packets;
    if (const std::int64_t told = frame.time_ns; told != (frame.time_ns = possible_time(told)))
      ++info_.impossible_times;
    if (frame.has_time) {
      if (!info_.first_ns || frame.time_ns < *info_.first_ns) info_.first_ns = frame.time_ns;
      if (!info_.last_ns || frame.time_ns > *info_.last_ns) info_.last_ns = frame.time_ns;
    }
    if (filter_->passes(frame)) return true;
    ++info_.filtered_out;
    return false;
  }

  // Ends the reading: the record that begins at `offset` is damaged. False, for the caller to return.
  bool stop(std::uint64_t offset, std::string reason) {
    if (!reading_stopped()) damage_ = Damage{info_.file, offset, info_.packets, std::move(reason)};
    over_ = true;
    return false;
  }

  // The same where the stream ended too soon: if it broke, that is the reason.
  bool cut_short(std::uint64_t offset, const std::string& reason) {
    return stop(offset, stream_->error().empty() ? reason : stream_->error());
  }

  // The stream ended where a record might begin, or in `what`, a record's first bytes.
  bool end_of_stream(std::size_t header_size, const std::string& what) {
    const std::size_t left = stream_->rest(header_size).size();
    if (left > 0 || !stream_->error().empty())
      return cut_short(stream_->offset(), "the file ends inside a " + what + " (" + std::to_string(left) +
                                              " of " + std::to_string(header_size) + " bytes)");
    over_ = true;
    return false;
  }

  std::unique_ptr<ByteWindow> stream_;
  bool over_ = false;
  CaptureInfo info_;
  std::optional<Damage> damage_;

 private:
  std::unique_ptr<CaptureFilter> filter_;
};

// Each throws CaptureError. `stream` stands at the file's first byte.
std::unique_ptr<CaptureSource> open_pcap(const std::string& file, const std::string& format,
                                         std::unique_ptr<ByteWindow> stream, const std::string& filter);
std::unique_ptr<CaptureSource> open_pcapng(const std::string& file, const std::string& format,
                                           std::unique_ptr<ByteWindow> stream, const std::string& filter);
std::unique_ptr<CaptureSource> open_snoop(const std::string& file, const std::string& format,
                                          std::unique_ptr<ByteWindow> stream, const std::string& filter);

}  // namespace tcpautopsy
