#include "cli/stream_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "analyzer/compat/base64.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/text/time_text.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy::cli {
namespace {

constexpr std::string_view kIndent = "  ";
constexpr std::size_t kHexRow = 16;

std::string_view as_text(Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

char shown(std::uint8_t octet) { return octet >= 0x20 && octet < 0x7f ? static_cast<char>(octet) : '.'; }

std::string seconds_since(const FrameRef& first, TimeNs time) {
  const TimeNs span = std::max(sub_sat(time, first.time_ns), -std::numeric_limits<TimeNs>::max());
  const TimeNs size = span < 0 ? -span : span;
  return fmt::format("{}{}.{:06}", span < 0 ? "-" : "", size / kSecond, size % kSecond / 1000);
}

// For people. What the connection carried is indented, so that it cannot pass for a heading; nothing of it
// can act on a terminal.
class PeopleWriter : public StreamWriter {
 public:
  PeopleWriter(Output& out, const TextStyle& style) : out_(out), style_(style) {}

  void begin(const StreamNames& names) override {
    const Side client = names.client;
    out_.line(fmt::format("Flow {}: {} (client) to {} (server)", names.flow,
                          to_string(names.addresses[index(client)]),
                          to_string(names.addresses[index(other(client))])));
  }
  void data(const StreamNames& names, const StreamChunk& chunk) override {
    const std::string late =
        chunk.delivered.number == chunk.frame.number && chunk.delivered.file == chunk.frame.file
            ? std::string()
            : ", in order with " + names.frame(chunk.delivered);
    out_.line("");
    out_.line(style_.paint(
        chunk.sender == names.client ? Paint::Cyan : Paint::Green,
        fmt::format("{}  {} s  offset {}  {}  {}{}", names.endpoint(chunk.sender),
                    seconds_since(names.first, chunk.delivered.time_ns), chunk.offset,
                    plural(chunk.octets.size(), "byte", "bytes"), names.frame(chunk.frame), late)));
    body(chunk);
  }
  void gap(const StreamNames& names, const StreamGap& gap) override { remark(gap_text(names, gap)); }
  void conflict(const StreamNames& names, const StreamConflict& conflict) override {
    remark(conflict_text(names, conflict));
  }
  void end(const StreamNames& names, Side sender, const StreamSummary& summary) override {
    if (!ended_) out_.line("");
    ended_ = true;
    out_.line(fmt::format("{}: {}", names.endpoint(sender), summary_text(names, summary)));
  }

 protected:
  virtual void body(const StreamChunk& chunk) = 0;
  Output& out() { return out_; }

 private:
  void remark(const std::string& text) {
    out_.line("");
    out_.line(style_.paint(Paint::Yellow, text));
  }

  Output& out_;
  TextStyle style_;
  bool ended_ = false;
};

class TextWriter : public PeopleWriter {
 public:
  using PeopleWriter::PeopleWriter;

 private:
  void body(const StreamChunk& chunk) override {
    std::string text(kIndent);
    for (std::size_t i = 0; i < chunk.octets.size(); ++i) {
      const std::uint8_t octet = chunk.octets[i];
      const bool last = i + 1 == chunk.octets.size();
      if (octet == '\r' && !last && chunk.octets[i + 1] == '\n') continue;
      if (octet == '\n' && !last) {
        text += '\n';
        text += kIndent;
      } else if (octet != '\n') {
        text += octet == '\t' ? '\t' : shown(octet);
      }
    }
    out().line(text);
  }
};

class HexWriter : public PeopleWriter {
 public:
  using PeopleWriter::PeopleWriter;

 private:
  void body(const StreamChunk& chunk) override {
    for (std::size_t at = 0; at < chunk.octets.size(); at += kHexRow)
      row(chunk.offset + static_cast<StreamOffset>(at),
          chunk.octets.subspan(at, std::min(kHexRow, chunk.octets.size() - at)));
  }
  void row(StreamOffset offset, Bytes octets) {
    std::string line = fmt::format("{}{:08x} ", kIndent, offset);
    std::string text;
    for (std::size_t i = 0; i < kHexRow; ++i) {
      if (i == kHexRow / 2) line += ' ';
      line += i < octets.size() ? fmt::format(" {:02x}", octets[i]) : std::string(3, ' ');
      if (i < octets.size()) text += shown(octets[i]);
    }
    out().line(fmt::format("{}  |{}|", line, text));
  }
};

// The octets and nothing else; all that is to be said goes to standard error.
class RawWriter : public StreamWriter {
 public:
  RawWriter(Output& out, bool quiet) : out_(out), quiet_(quiet) {}

  void data(const StreamNames&, const StreamChunk& chunk) override { out_.write(as_text(chunk.octets)); }
  void gap(const StreamNames& names, const StreamGap& gap) override {
    if (!quiet_) say(gap_text(names, gap));
  }
  void conflict(const StreamNames& names, const StreamConflict& conflict) override {
    if (!quiet_) say(conflict_text(names, conflict));
  }
  void end(const StreamNames& names, Side sender, const StreamSummary& s) override {
    const bool whole = s.gaps == 0 && s.conflicts == 0 && s.never_delivered == 0;
    if (!whole || !quiet_) say(fmt::format("{}: {}", names.endpoint(sender), summary_text(names, s)));
  }

 private:
  Output& out_;
  bool quiet_;
};

class NdjsonWriter : public StreamWriter {
 public:
  explicit NdjsonWriter(Output& out) : out_(out) {}

  void data(const StreamNames& names, const StreamChunk& chunk) override {
    line("data", names, chunk.sender, [&](JsonWriter& w) {
      w.field("offset", chunk.offset);
      w.field("length", chunk.octets.size());
      frame(w, names, "frame", "file", chunk.frame);
      w.field("time", rfc3339(chunk.frame.time_ns));
      w.field("time_ns", chunk.frame.time_ns);
      frame(w, names, "delivered_frame", "delivered_file", chunk.delivered);
      w.field("delivered_ns", chunk.delivered.time_ns);
      w.field("base64", base64(chunk.octets));
    });
  }
  void gap(const StreamNames& names, const StreamGap& gap) override {
    line("gap", names, gap.sender, [&](JsonWriter& w) {
      w.field("offset", gap.offset);
      w.field("length", gap.length);
      w.field("reason", name(gap.reason));
      frame(w, names, "frame", "file", gap.shown_by);
    });
  }
  void conflict(const StreamNames& names, const StreamConflict& conflict) override {
    line("conflict", names, conflict.sender, [&](JsonWriter& w) {
      w.field("offset", conflict.offset);
      w.field("differ", conflict.differ);
      frame(w, names, "kept_frame", "kept_file", conflict.kept);
      frame(w, names, "other_frame", "other_file", conflict.other);
    });
  }
  void end(const StreamNames& names, Side sender, const StreamSummary& s) override {
    line("end", names, sender, [&](JsonWriter& w) {
      w.field("delivered", s.delivered);
      w.field("gaps", s.gaps);
      w.field("missing", s.missing);
      w.field("conflicts", s.conflicts);
      w.field("unacknowledged", s.unacknowledged);
      w.field("never_delivered", s.never_delivered);
      w.field("late", s.late);
      w.field("before_start", s.before_start);
      w.field("after_fin", s.after_fin);
      w.field("in_reset", s.in_reset);
      w.field("after_reset", s.after_reset);
      w.field("bad_checksum", s.bad_checksum);
      w.field("syn_data_refused", s.syn_data_refused);
      w.field("keepalives", s.keepalives);
      w.field("far_off", s.far_off);
      w.field("mid_stream", s.mid_stream);
      end_frame(w, names, "fin_frame", "fin_file", s.fin);
      end_frame(w, names, "rst_frame", "rst_file", s.reset);
    });
  }

 private:
  template <class Fill>
  void line(std::string_view type, const StreamNames& names, Side sender, Fill fill) {
    std::string text;
    JsonWriter w(text);
    w.begin_object();
    w.field("schema", 1);
    w.field("type", type);
    w.field("flow", names.flow);
    w.field("endpoint", names.endpoint(sender));
    fill(w);
    w.end_object();
    out_.line(text);
  }
  static void frame(JsonWriter& w, const StreamNames& names, std::string_view key, std::string_view file_key,
                    const FrameRef& at) {
    w.field(key, at.number);
    if (at.file != names.first.file) w.field(file_key, names.file(at));
  }
  static void end_frame(JsonWriter& w, const StreamNames& names, std::string_view key,
                        std::string_view file_key, const std::optional<FrameRef>& at) {
    if (at) {
      frame(w, names, key, file_key, *at);
    } else {
      w.null_field(key);
    }
  }

  Output& out_;
};

}  // namespace

std::unique_ptr<StreamWriter> stream_writer(std::string_view format, Output& out, const TextStyle& style,
                                            bool quiet) {
  if (format == "hex") return std::make_unique<HexWriter>(out, style);
  if (format == "raw") return std::make_unique<RawWriter>(out, quiet);
  if (format == "ndjson") return std::make_unique<NdjsonWriter>(out);
  return std::make_unique<TextWriter>(out, style);
}

}  // namespace tcpautopsy::cli
