#include "analyzer/report/text/example_ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>

#include "analyzer/report/text/text.h"

namespace tcpautopsy {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::size_t kBefore = 18;  // columns of mark, frame and seconds
constexpr std::size_t kLeast = 24;   // columns between both ends

Words words_of(std::string_view line) {
  Words out;
  while (true) {
    const std::size_t from = line.find_first_not_of(' ');
    if (from == std::string_view::npos) return out;
    const std::size_t to = std::min(line.find(' ', from), line.size());
    out.push_back(line.substr(from, to - from));
    line.remove_prefix(to);
  }
}

// Without comments, and without what a test expects of a packet.
std::string_view stripped(std::string_view line) {
  line = line.substr(0, line.find('#'));
  return line.substr(0, line.find(" | "));
}

double number(std::string_view text) {
  const std::string padded = text.starts_with('.') ? "0" + std::string(text) : std::string(text);
  double out = 0;
  std::from_chars(padded.data(), padded.data() + padded.size(), out);
  return out;
}

std::string joined(const Words& words, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < words.size(); ++i) out += (out.empty() ? "" : " ") + std::string(words[i]);
  return out;
}

std::string flag_names(std::string_view letters) {
  constexpr std::pair<char, std::string_view> kNames[]{{'S', "SYN"}, {'F', "FIN"}, {'R', "RST"},
                                                       {'P', "PSH"}, {'.', "ACK"}, {'U', "URG"},
                                                       {'E', "ECE"}, {'W', "CWR"}, {'A', "AE"}};
  std::string out;
  for (const auto& [letter, name] : kNames)
    if (letters.find(letter) != std::string_view::npos) out += (out.empty() ? "" : "+") + std::string(name);
  return out.empty() ? "no flags" : out;
}

// What is expected of a finding goes by a name each, in any order.
std::string_view expected(const Words& words, std::string_view name) {
  for (std::size_t i = 2; i + 1 < words.size(); i += 2)
    if (words[i] == name) return words[i + 1];
  return {};
}

// "lost_final_ack, server, warning, certain, count 2".
std::string expectation(const Words& words) {
  std::string out(words[1]);
  for (const std::string_view name : {"endpoint", "severity", "certainty"})
    if (const std::string_view value = expected(words, name); !value.empty() && value != "none")
      out += fmt::format(", {}", value);
  if (const std::string_view count = expected(words, "count"); !count.empty())
    out += fmt::format(", count {}", count);
  if (const std::string_view flows = expected(words, "flows"); !flows.empty())
    out += fmt::format(", {} connection{}", flows, flows == "1" ? "" : "s");
  if (const std::string_view host = expected(words, "part_of"); !host.empty())
    out += fmt::format(", part of {}", host);
  return out;
}

// How often a block comes, and whose connections it has: "27 times, one every 0.2 s".
std::string how_often(const Words& words, std::uint64_t times) {
  std::string out = times == 1 ? "once" : grouped(times) + " times";
  for (std::size_t i = 2; i + 1 < words.size(); ++i) {
    const std::string_view what = words[i], value = words[i + 1];
    if (what == "every" && times > 1) out += fmt::format(", one every {} s", number(value));
    if (what == "over") out += fmt::format(", {} client ports in turn", value);
    if (what == "from") out += fmt::format(", by {} in {}", times == 1 ? "a client" : "clients", value);
    if (what == "to") out += value == "ports" ? ", each to the next port" : ", each to the next address";
  }
  return out;
}

class Drawing {
 public:
  Drawing(std::string_view id, std::size_t width) : id_(id) {
    const std::size_t wide = std::max<std::size_t>(width, 60);
    lane_ = std::max(kLeast, wide - kBefore - 2);
  }

  std::vector<std::string> draw(std::string_view script) {
    std::vector<Words> lines;
    while (!script.empty()) {
      const std::size_t end = std::min(script.find('\n'), script.size());
      if (Words words = words_of(stripped(script.substr(0, end))); !words.empty())
        lines.push_back(std::move(words));
      script.remove_prefix(std::min(end + 1, script.size()));
    }
    for (const Words& words : lines) expect(words);
    for (const Words& words : lines) take(words);
    const std::size_t gap = lane_ - std::min(lane_, columns(left_) + columns(right_));
    rows_.insert(rows_.begin(), std::string(kBefore, ' ') + left_ + std::string(gap + 2, ' ') + right_);
    rows_.insert(rows_.end(), said_.begin(), said_.end());
    return std::move(rows_);
  }

 private:
  // Which frames are marked, who the ends are, and what is said below.
  void expect(const Words& words) {
    if (words[0] == "ends" && words.size() >= 5) {
      left_ = words[2];
      right_ = words[4];
    }
    if (words[0] == "no" && words.size() > 1 && words[1] == "finding")
      say(words.size() > 2 ? "not found: " + std::string(words[2]) : "not found");
    if (words[0] != "finding" || words.size() < 2) return;
    for (std::size_t i = 2; i + 1 < words.size() && words[1] == id_; i += 2)
      if (words[i] == "frame") marked_.insert(static_cast<std::uint64_t>(number(words[i + 1])));
    say("found: " + expectation(words));
  }

  void take(const Words& words) {
    const std::string_view first = words[0];
    if (first == "handshake") return handshake(joined(words, 1));
    if (first.starts_with('+')) return event(words);
    if (first == "times" || first == "repeat") return block(words);
    if (first == "}") return over();
    if (first == "meanwhile") return note("meanwhile");
    if (first == "end" && words.size() > 1)
      return note(fmt::format("the capture ends {} s later", number(words[1].substr(1))));
    if (first == "reuse" && words.size() > 1) {
      at_ = 0;
      return note("a new connection on the same ports");
    }
    if (first == "services" && words.size() > 1)
      return note(fmt::format("{} other connections to the service completed nearby", words[1]));
    if (first == "profile") return note(joined(words, 0));
  }

  void block(const Words& words) {
    const auto times = static_cast<std::uint64_t>(words.size() > 1 ? number(words[1]) : 0);
    if (words[0] == "times") at_ = 0;
    repeats_.push_back({words[0] == "repeat" ? times : 0, frame_, at_});
    note(how_often(words, times) + ':');
  }

  void over() {
    if (repeats_.empty()) return;
    const Repeat repeat = repeats_.back();
    repeats_.pop_back();
    // Connections of a block come between each other: their frames have no place of their own.
    if (repeat.times == 0) {
      numbered_ = false;
    } else {
      frame_ = repeat.first + (frame_ - repeat.first) * repeat.times;
      at_ = repeat.from + (at_ - repeat.from) * static_cast<double>(repeat.times);
    }
    note("(to here)");
  }

  void handshake(const std::string& options) {
    const std::string behind = options.empty() ? "" : " " + options;
    packet(true, "SYN 0:0(0)" + behind, "", 0);
    packet(false, "SYN+ACK 0:0(0) ack 1" + behind, "", .01);
    packet(true, "ACK 1:1(0) ack 1", "", .01);
  }

  void event(const Words& words) {
    const double after = number(words[0].substr(1));
    if (words.size() > 1 && words[1] == "icmp") {
      row(after, true, "ICMP error " + joined(words, 2), ' ', "");
      return;
    }
    if (words.size() < 5) return;
    const std::string_view sender = words[2] == ">" ? words[1] : words[3];
    std::string label = flag_names(words[4]), mark;
    for (std::size_t i = 5; i < words.size(); ++i) {
      if (words[i] == "!lost" || words[i] == "!unseen")
        mark = words[i];
      else if (words[i] == "!badsum")
        label += " [bad checksum]";
      else if (words[i] == "!other")
        label += " [other octets]";
      else if (words[i] == "!late" && i + 1 < words.size())
        label += fmt::format(" [arrives {} late]", words[++i]);
      else
        label += ' ' + std::string(words[i]);
    }
    packet(sender == "A", label, mark, after);
  }

  void packet(bool to_right, const std::string& label, std::string_view mark, double after) {
    const bool unseen = mark == "!unseen";
    row(after, !unseen, unseen ? label + " [not captured]" : label, to_right ? '>' : '<', mark);
  }

  // `towards`: '>' or '<'; ' ' for what is no segment.
  void row(double after, bool captured, std::string_view label, char towards, std::string_view mark) {
    at_ += after;
    if (captured) ++frame_;
    const bool told = captured && numbered_;
    // From 1,000 s on fewer decimals have room.
    const std::string lead = fmt::format("{}{:>5} {:>10.10} ", told && marked_.contains(frame_) ? '!' : ' ',
                                         told ? std::to_string(frame_) : "", fmt::format("{:.6f}", at_));
    const std::size_t room = lane_ - 8;
    const std::vector<std::string> parts = wrapped_within(label, room);
    rows_.push_back(lead + arrow(parts.front(), towards, mark));
    for (std::size_t i = 1; i < parts.size(); ++i)
      rows_.push_back(std::string(kBefore, ' ') + "|   " + padded(parts[i], lane_ - 3) + "|");
  }

  std::string arrow(const std::string& label, char towards, std::string_view mark) const {
    if (towards == ' ') return "|" + padded(" " + label, lane_) + "|";
    const std::size_t rest = lane_ - 5 - columns(label);
    const bool lost = mark == "!lost";
    const char line = mark == "!unseen" ? '.' : '-';
    const std::size_t run = lost ? rest / 2 : rest;
    std::string shaft = lost ? "X" + std::string(rest - run, ' ') : "";
    if (towards == '>')
      return fmt::format("|{0}{0} {1} {2}{3}|", line, label, std::string(run, line), lost ? shaft : ">");
    if (lost) std::rotate(shaft.begin(), shaft.begin() + 1, shaft.end());
    return fmt::format("|{3}{2} {1} {0}{0}|", line, label, std::string(run, line), lost ? shaft : "<");
  }

  void note(std::string_view text) {
    for (const std::string& part : wrapped_within(text, lane_))
      rows_.push_back(std::string(kBefore, ' ') + "  " + part);
  }

  void say(std::string_view text) {
    std::string_view indent = "  ";
    for (const std::string& part : wrapped_within(text, kBefore + lane_ - 2)) {
      said_.push_back(std::string(indent) + part);
      indent = "    ";
    }
  }

  struct Repeat {
    std::uint64_t times = 0, first = 0;  // times 0: a block of connections
    double from = 0;                     // seconds
  };

  std::string_view id_;
  std::size_t lane_ = 0;
  std::string left_ = "client", right_ = "server";
  std::set<std::uint64_t> marked_;
  std::vector<std::string> said_, rows_;
  std::vector<Repeat> repeats_;
  std::uint64_t frame_ = 0;
  bool numbered_ = true;
  double at_ = 0;
};

}  // namespace

std::vector<std::string> example_ladder(std::string_view script, std::string_view id, std::size_t width) {
  return Drawing(id, width).draw(script);
}

}  // namespace tcpautopsy
