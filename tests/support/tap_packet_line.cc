#include <algorithm>
#include <cctype>

#include "tests/support/tap_words.h"

namespace tcpautopsy::tap {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::uint16_t parse_flags(std::string_view text, const Words& words) {
  constexpr std::string_view kLetters = "FSRP.UECWA";
  constexpr std::uint16_t kMasks[] = {kFin, kSyn, kRst, kPsh, kAck, kUrg, kEce, kCwr, kCwr, kAe};
  if (text == "0" || text == "-") return 0;  // a segment without any flag
  std::uint16_t flags = 0;
  for (const char c : text) {
    const auto at = kLetters.find(c);
    if (at == std::string_view::npos)
      words.fail("flag '" + std::string(1, c) + "' is none of F S R P . U E C W A");
    flags = static_cast<std::uint16_t>(flags | kMasks[at]);
  }
  return flags;
}

// "1:101(100)": SYN and FIN do not count in the range.
void parse_range(std::string_view text, Packet& packet, const Words& words) {
  const auto colon = text.find(':');
  const auto open = text.find('(');
  if (colon == std::string_view::npos || open == std::string_view::npos || open < colon || text.back() != ')')
    words.fail("'" + std::string(text) + "' is no seq:end(len)");
  const auto seq = parse_number<StreamOffset>(text.substr(0, colon));
  const auto end = parse_number<StreamOffset>(text.substr(colon + 1, open - colon - 1));
  const auto length = parse_number<std::uint32_t>(text.substr(open + 1, text.size() - open - 2));
  constexpr StreamOffset kFarthest = StreamOffset{1} << 60;
  if (!seq || !end || !length || *seq < -kFarthest || *seq > kFarthest)
    words.fail("'" + std::string(text) + "' is no seq:end(len)");
  if (*seq + *length != *end) words.fail("in '" + std::string(text) + "' the end is not seq + len");
  constexpr std::uint32_t kLongest = 1U << 20;
  if (*length > kLongest) words.fail("more than a mebibyte in one segment");
  packet.seq = *seq;
  packet.payload = *length;
}

void parse_sack(Words& option, Options& options) {
  do {
    const std::string_view block = option.take("a SACK block");
    const auto colon = block.find(':');
    const auto left = parse_number<StreamOffset>(block.substr(0, colon));
    const auto right =
        colon == std::string_view::npos ? std::nullopt : parse_number<StreamOffset>(block.substr(colon + 1));
    if (!left || !right) option.fail("'" + std::string(block) + "' is no SACK block left:right");
    if (options.sack.size() == 4) option.fail("more than four SACK blocks");
    options.sack.push_back({*left, *right});
  } while (!option.done());
}

void parse_timestamps(Words& option, Options& options) {
  options.timestamps = true;
  if (option.done()) return;
  Timestamps stamps;
  if (!option.take_if("val")) option.fail("TS stands alone or as 'TS val N ecr N'");
  stamps.val = option.number<std::uint32_t>("timestamp value");
  if (option.take_if("ecr")) stamps.ecr = option.number<std::uint32_t>("timestamp echo");
  options.explicit_timestamps = stamps;
}

void parse_option(std::string_view text, Options& options, unsigned line) {
  Words option(text, line);
  if (option.done()) return;
  const std::string kind = lower(option.take("an option"));
  if (kind == "mss") {
    options.mss = option.number<std::uint16_t>("maximum segment size");
  } else if (kind == "sackok") {
    options.sack_permitted = true;
  } else if (kind == "wscale") {
    options.window_scale = option.number<std::uint8_t>("window scale");
  } else if (kind == "ts") {
    parse_timestamps(option, options);
  } else if (kind == "sack") {
    parse_sack(option, options);
  } else if (kind == "mptcp") {
    options.multipath = true;
  } else if (kind == "tfo" || kind == "fo") {
    options.fast_open = true;
    if (!option.done()) options.fast_open_cookie_length = option.number<std::uint8_t>("cookie length");
    if (options.fast_open_cookie_length > 16) option.fail("a Fast Open cookie has at most 16 octets");
  } else if (kind == "cut") {
    options.cut = true;
  } else if (kind != "nop" && kind != "eol") {
    option.fail("option '" + kind + "' is none of mss sackOK TS wscale sack tfo mptcp nop cut");
  }
  if (!option.done()) option.fail("'" + std::string(option.peek()) + "' behind option " + kind);
}

bool parse_attribute(Words& words, Packet& packet) {
  const std::string_view word = words.peek();
  if (words.take_if("ack")) {
    packet.ack = words.number<StreamOffset>("ack number");
  } else if (words.take_if("win")) {
    packet.window = words.number<std::uint16_t>("window");
  } else if (words.take_if("ttl")) {
    packet.ttl = words.number<std::uint8_t>("TTL");
  } else if (words.take_if("id")) {
    packet.ip_id = words.number<std::uint16_t>("IP ID");
  } else if (words.take_if("urg")) {
    packet.urgent = words.number<std::uint16_t>("urgent pointer");
  } else if (words.take_if("ect")) {
    packet.ecn = 2;
  } else if (words.take_if("ce")) {
    packet.ecn = 3;
  } else if (words.take_if("inc")) {
    packet.incarnation = words.number<unsigned>("incarnation");
    packet.explicit_incarnation = true;
  } else if (word.size() > 1 && word.front() == '<' && word.back() == '>') {
    words.take("options");
    packet.options = parse_options(word.substr(1, word.size() - 2), words);
  } else {
    return false;
  }
  return true;
}

bool parse_mark(Words& words, Packet& packet) {
  if (words.take_if("!lost")) {
    packet.lost = true;
  } else if (words.take_if("!unseen")) {
    packet.unseen = true;
  } else if (words.take_if("!badsum")) {
    packet.bad_checksum = true;
  } else if (words.take_if("!other")) {
    packet.other_octets = true;
  } else if (words.take_if("!ccs")) {
    packet.change_cipher_spec = true;
  } else if (words.take_if("!late")) {
    const auto late = parse_duration(words.take("how late"));
    if (!late) words.fail("!late wants a time such as 50ms");
    packet.late_ns = *late;
  } else {
    return false;
  }
  return true;
}

// Behind a "|": "[live:] A STATES B STATES".
BeliefExpectation parse_belief(Words& words) {
  BeliefExpectation expected;
  expected.line = words.line();
  expected.live = words.take_if("live:");
  while (!words.done() && words.peek() != "|") {
    const auto side = parse_side(words.take("A or B"));
    if (!side) words.fail("an expected belief names A or B");
    const auto states = parse_states(words.take("states"));
    if (!states) words.fail("no states behind A or B; they are written as in RFC 9293, with | between");
    StateSet set;
    for (const TcpState s : *states) {
      if (s == TcpState::Unknown) words.fail("UNKNOWN is no member of a set");
      set.add(s);
    }
    expected.sets[index(*side)] = set;
  }
  if (!expected.sets[0] && !expected.sets[1]) words.fail("an empty expectation behind '|'");
  return expected;
}

}  // namespace

Options parse_options(std::string_view inside, const Words& words) {
  Options options;
  while (!inside.empty()) {
    const auto comma = inside.find(',');
    parse_option(inside.substr(0, comma), options, words.line());
    if (comma == std::string_view::npos) break;
    inside.remove_prefix(comma + 1);
  }
  return options;
}

Packet parse_packet(Words& words) {
  Packet packet;
  packet.line = words.line();
  const auto left = parse_side(words.take("A or B"));
  const std::string_view arrow = words.take("> or <");
  const auto right = parse_side(words.take("A or B"));
  if (!left || !right || (arrow != ">" && arrow != "<")) words.fail("a packet begins 'A > B' or 'A < B'");
  packet.from = arrow == ">" ? *left : *right;
  packet.to = arrow == ">" ? *right : *left;
  packet.flags = parse_flags(words.take("flags"), words);
  parse_range(words.take("seq:end(len)"), packet, words);
  const bool has_ack = words.peek() == "ack";
  while (parse_attribute(words, packet) || parse_mark(words, packet)) {
  }
  if (has_ack != ((packet.flags & kAck) != 0)) words.fail("flag '.' and 'ack N' go together, ack first");
  while (words.take_if("|")) packet.beliefs.push_back(parse_belief(words));
  if (!words.done()) words.fail("'" + std::string(words.peek()) + "' is not understood here");
  if (packet.unseen && !packet.beliefs.empty()) words.fail("an unseen packet can have no expectation");
  return packet;
}

}  // namespace tcpautopsy::tap
