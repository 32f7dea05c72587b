#include "tests/support/tap_script.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/support/tap_repeat.h"
#include "tests/support/tap_words.h"

namespace tcpautopsy::tap {

namespace {

constexpr TimeNs kHandshakeStep = 10 * kMillisecond;

template <class T>
std::optional<T> parse_name(std::string_view text, std::initializer_list<T> values) {
  for (const T value : values)
    if (name(value) == text) return value;
  return std::nullopt;
}

// Reads a script line by line; the state is what a line needs of the lines before it.
class Parser {
 public:
  Parser();
  void line(std::string_view text, unsigned number);
  Script take(unsigned last_line);

 private:
  using Statement = void (Parser::*)(Words&);

  void timed(Words& words, std::string_view time);
  void times(Words& words);
  void meanwhile(Words& words);
  void repeat(Words& words);
  void end_braces(Words& words);
  void end_block();
  void block_option(Words& words, Block& block) const;
  void packet(Words& words);
  void icmp(Words& words);
  void handshake(Words& words);
  void reuse(Words& words);
  void ends(Words& words);
  void services(Words& words);
  void profile(Words& words);
  void end(Words& words);
  void keep(Words& words);
  void transition(Words& words);
  void final_state(Words& words);
  void possible(Words& words);
  void outcome(Words& words, bool exact_set);
  void finding(Words& words);
  void no(Words& words);

  void add(Packet packet);
  unsigned incarnation() const { return static_cast<unsigned>(script_.reuses.size()); }
  Side side(Words& words) const;
  TcpState state(Words& words) const;

  std::vector<Event>& events() { return in_block_ ? script_.blocks.back().events : script_.events; }

  Script script_;
  TimeNs now_ = 0;
  bool in_block_ = false;
  std::vector<Repeat> repeats_;  // those that are open, each within the one before
};

Parser::Parser() {
  script_.ends[0] = *parse_endpoint("10.0.0.1:40000");
  script_.ends[1] = *parse_endpoint("10.0.0.2:80");
}

void Parser::line(std::string_view text, unsigned number) {
  static constexpr std::array<std::pair<std::string_view, Statement>, 16> kStatements{{
      {"handshake", &Parser::handshake},
      {"reuse", &Parser::reuse},
      {"ends", &Parser::ends},
      {"services", &Parser::services},
      {"profile", &Parser::profile},
      {"end", &Parser::end},
      {"keep", &Parser::keep},
      {"transition", &Parser::transition},
      {"final", &Parser::final_state},
      {"possible", &Parser::possible},
      {"finding", &Parser::finding},
      {"no", &Parser::no},
      {"times", &Parser::times},
      {"meanwhile", &Parser::meanwhile},
      {"repeat", &Parser::repeat},
      {"}", &Parser::end_braces},
  }};
  Words words(text.substr(0, text.find('#')), number);
  if (words.done()) return;
  const std::string_view first = words.take("a statement");
  if ((in_block_ || !repeats_.empty()) && first != "handshake" && first != "repeat" && first != "}" &&
      first.front() != '+')
    words.fail("between { and } stand packets, ICMP errors, handshakes and repeats");
  const auto found = std::find_if(kStatements.begin(), kStatements.end(),
                                  [first](const auto& s) { return s.first == first; });
  if (found != kStatements.end()) {
    (this->*found->second)(words);
  } else if (first.front() == '+') {
    timed(words, first.substr(1));
  } else {
    words.fail("'" + std::string(first) + "' begins no statement");
  }
  if (!words.done()) words.fail("'" + std::string(words.peek()) + "' is not understood here");
}

Script Parser::take(unsigned last_line) {
  if (in_block_ || !repeats_.empty()) throw ScriptError(last_line, "a block has no end");
  return std::move(script_);
}

void Parser::timed(Words& words, std::string_view time) {
  const auto step = parse_duration(time);
  if (!step) words.fail("a line begins with its time since the line before, as in +.10");
  now_ += *step;
  constexpr TimeNs kLongest = 1'000'000'000 * kSecond;
  if (now_ > kLongest) words.fail("the script lasts too long");
  if (words.take_if("icmp")) {
    icmp(words);
  } else {
    packet(words);
  }
}

void Parser::times(Words& words) {
  Block block;
  block.line = words.line();
  block.count = words.number<std::uint32_t>("number of connections");
  if (block.count == 0 || block.count > 10000) words.fail("1 to 10000 connections");
  const auto every = words.take_if("every") ? parse_duration(words.take("seconds")) : std::nullopt;
  if (!every) words.fail("'times N every SECONDS ... {' is the form");
  block.every_ns = *every;
  while (!words.done() && words.peek() != "{") block_option(words, block);
  if (!words.take_if("{")) words.fail("'{' ends the line");
  block.start_ns = now_;
  script_.blocks.push_back(std::move(block));
  in_block_ = true;
}

void Parser::block_option(Words& words, Block& block) const {
  if (words.take_if("from")) {
    const std::string_view network = words.take("a network");
    const auto slash = network.find('/');
    block.network = parse_ip(std::string(network.substr(0, slash)));
    const auto bits = parse_number<unsigned>(slash == std::string_view::npos ? std::string_view{}
                                                                             : network.substr(slash + 1));
    const unsigned width = block.network && block.network->is_v4() ? 32 : 128;
    if (!block.network || !bits || *bits > width) words.fail("no NETWORK/BITS");
    block.network_bits = 128 - width + *bits;
  } else if (words.take_if("to")) {
    block.targets = words.take_if("ports") ? Block::Targets::Ports : Block::Targets::Hosts;
    if (block.targets == Block::Targets::Hosts && !words.take_if("hosts"))
      words.fail("'to ports' or 'to hosts'");
  } else if (words.take_if("over")) {
    block.ports = words.number<std::uint32_t>("number of ports");
    if (block.ports == 0 || block.ports > 20000 || !words.take_if("ports"))
      words.fail("'over 1 to 20000 ports'");
  } else if (words.take_if("isn")) {
    const Side which = side(words);
    block.isn_step[index(which)] = words.number<std::uint32_t>("step from ISN to ISN");
  } else {
    words.fail("'" + std::string(words.peek()) + "' is not understood here");
  }
}

// The next block begins when the one before began.
void Parser::meanwhile(Words& words) {
  if (script_.blocks.empty()) words.fail("'meanwhile' stands behind a block");
  now_ = script_.blocks.back().start_ns;
}

void Parser::repeat(Words& words) {
  const auto count = words.number<std::uint32_t>("number of times");
  if (count == 0 || count > 10000) words.fail("1 to 10000 times");
  if (!words.take_if("{")) words.fail("'{' ends the line");
  repeats_.push_back({words.line(), count, events().size(), now_});
}

void Parser::end_braces(Words& words) {
  if (!repeats_.empty()) {
    now_ = play_again(repeats_.back(), now_, events());
    repeats_.pop_back();
  } else if (in_block_) {
    end_block();
  } else {
    words.fail("there is no block to end");
  }
}

void Parser::end_block() {
  in_block_ = false;
  const Block& block = script_.blocks.back();
  if (block.events.empty()) throw ScriptError(block.line, "nothing between { and }");
  now_ = block.start_ns + block.count * block.every_ns;
}

void Parser::packet(Words& words) {
  Packet packet;
  packet = parse_packet(words);
  if (packet.incarnation > incarnation()) words.fail("there is no such incarnation yet");
  // `inc N` stands for numbers of an earlier incarnation; 0 with no such word is the current one.
  if (!packet.explicit_incarnation) packet.incarnation = incarnation();
  if (packet.from == packet.to && script_.ends[0] != script_.ends[1])
    words.fail("an end that sends to itself needs equal ends");
  add(std::move(packet));
}

void Parser::add(Packet packet) {
  packet.time_ns = now_;
  events().emplace_back(std::move(packet));
}

void Parser::icmp(Words& words) {
  Icmp icmp;
  icmp.line = words.line();
  icmp.time_ns = now_;
  icmp.incarnation = incarnation();
  if (!words.take_if("to")) words.fail("an ICMP error is written 'icmp to A type N code N quotes SEQ'");
  icmp.to = side(words);
  while (!words.done()) {
    if (words.take_if("type")) {
      icmp.type = words.number<std::uint8_t>("ICMP type");
    } else if (words.take_if("code")) {
      icmp.code = words.number<std::uint8_t>("ICMP code");
    } else if (words.take_if("quotes")) {
      icmp.seq = words.number<StreamOffset>("sequence number");
    } else if (words.take_if("cut")) {
      icmp.cut = true;
    } else if (words.take_if("mtu")) {
      icmp.mtu = words.number<std::uint32_t>("MTU");
    } else if (words.take_if("v6")) {
      icmp.v6 = true;
    } else if (words.take_if("from")) {
      icmp.reporter = parse_ip(std::string(words.take("an address")));
      if (!icmp.reporter) words.fail("no IP address behind 'from'");
    } else {
      return;
    }
  }
  events().emplace_back(icmp);
}

void Parser::handshake(Words& words) {
  Options offered;
  offered.mss = 1460;
  offered.sack_permitted = true;
  offered.window_scale = 7;
  const std::string_view word = words.peek();
  if (word.size() > 1 && word.front() == '<' && word.back() == '>') {
    words.take("options");
    offered = parse_options(word.substr(1, word.size() - 2), words);
  }
  Packet packet;
  packet.line = words.line();
  packet.incarnation = incarnation();
  packet.options = offered;
  packet.flags = kSyn;
  if (!events().empty()) now_ += kHandshakeStep;
  add(packet);
  now_ += kHandshakeStep;
  packet.flags = kSyn | kAck;
  packet.ack = 1;
  std::swap(packet.from, packet.to);
  add(packet);
  now_ += kHandshakeStep;
  packet.flags = kAck;
  packet.seq = 1;
  packet.options = {};
  std::swap(packet.from, packet.to);
  add(packet);
}

void Parser::reuse(Words& words) {
  Reuse reuse;
  while (!words.done()) {
    const Side which = side(words);
    constexpr std::int64_t kLimit = std::int64_t{1} << 32;
    const auto offset = words.number<std::int64_t>("offset to the old ISN");
    if (offset < -kLimit || offset > kLimit) words.fail("an ISN has 32 bits");
    reuse.isn_offset[index(which)] = offset;
  }
  if (script_.reuses.size() == 1000) words.fail("too many incarnations");
  script_.reuses.push_back(reuse);
}

void Parser::ends(Words& words) {
  if (!script_.events.empty()) words.fail("'ends' stands before the first packet");
  while (!words.done()) {
    const Side which = side(words);
    const auto address = parse_endpoint(words.take("address:port"));
    if (!address) words.fail("no address:port");
    script_.ends[index(which)] = *address;
  }
}

void Parser::services(Words& words) {
  script_.services = words.number<std::uint64_t>("count of connections");
}

void Parser::profile(Words& words) {
  script_.profile = words.take("a profile's name");
  if (!Profile::named(script_.profile)) words.fail("no profile is called '" + script_.profile + "'");
}

void Parser::end(Words& words) {
  const std::string_view time = words.take("+SECONDS");
  const auto after = time.starts_with('+') ? parse_duration(time.substr(1)) : std::nullopt;
  if (!after) words.fail("'end' wants +SECONDS");
  script_.end_after_ns = *after;
}

void Parser::keep(Words& words) {
  if (!words.take_if("all")) words.fail("'keep all' is the whole statement");
  script_.keep_all = true;
}

Side Parser::side(Words& words) const {
  const auto which = parse_side(words.take("A or B"));
  if (!which) words.fail("A or B should stand here");
  return *which;
}

TcpState Parser::state(Words& words) const {
  TcpState state{};
  const std::string_view word = words.take("a state");
  if (!parse_state(word, state)) words.fail("'" + std::string(word) + "' is no state of RFC 9293");
  return state;
}

void Parser::transition(Words& words) {
  TransitionExpectation expected;
  expected.line = words.line();
  expected.side = side(words);
  expected.from = state(words);
  if (!words.take_if(">")) words.fail("a transition is written FROM > TO");
  expected.to = state(words);
  while (!words.done()) {
    if (words.take_if("frame")) {
      expected.frame = words.number<std::uint64_t>("frame");
    } else if (words.take_if("by")) {
      expected.proved_by = words.number<std::uint64_t>("frame");
    } else {
      expected.basis =
          parse_name(words.peek(), {Basis::Observed, Basis::Confirmed, Basis::Inferred, Basis::Timer});
      if (!expected.basis) return;
      words.take("basis");
    }
  }
  script_.transitions.push_back(expected);
}

void Parser::final_state(Words& words) { outcome(words, false); }
void Parser::possible(Words& words) { outcome(words, true); }

void Parser::outcome(Words& words, bool exact_set) {
  do {
    OutcomeExpectation expected;
    expected.line = words.line();
    expected.incarnation = incarnation();
    expected.exact_set = exact_set;
    expected.side = side(words);
    const auto states = parse_states(words.take("states"));
    if (!states) words.fail("no states of RFC 9293");
    if (!exact_set && states->size() != 1) words.fail("'final' names one state; 'possible' names a set");
    expected.states = *states;
    script_.outcomes.push_back(std::move(expected));
  } while (!words.done());
}

void Parser::finding(Words& words) {
  FindingExpectation expected;
  expected.line = words.line();
  expected.id = words.take("the finding's id");
  const auto take_name = [&words](auto& field, auto values, const char* what) {
    field = parse_name(words.take(what), values);
    if (!field) words.fail(std::string("no such ") + what);
  };
  while (!words.done()) {
    if (words.take_if("frame") || words.take_if("because")) {
      expected.frames.push_back(words.number<std::uint64_t>("frame"));
    } else if (words.take_if("endpoint")) {
      take_name(expected.endpoint,
                std::initializer_list<Endpoint>{Endpoint::Client, Endpoint::Server, Endpoint::None},
                "endpoint");
    } else if (words.take_if("severity")) {
      take_name(
          expected.severity,
          std::initializer_list<Severity>{Severity::Info, Severity::Note, Severity::Warning, Severity::Error},
          "severity");
    } else if (words.take_if("certainty")) {
      take_name(expected.certainty,
                std::initializer_list<Certainty>{Certainty::Possible, Certainty::Likely, Certainty::Certain},
                "certainty");
    } else if (words.take_if("count")) {
      expected.count = words.number<std::uint64_t>("count");
    } else if (words.take_if("flows")) {
      expected.flows = words.number<std::uint64_t>("count of connections");
    } else if (words.take_if("part_of")) {
      expected.part_of = words.take("id of a host's finding");
    } else if (words.take_if("likely")) {
      expected.likely = words.take("likely cause, or none");
    } else {
      return;
    }
  }
  script_.findings.push_back(std::move(expected));
}

void Parser::no(Words& words) {
  if (words.take_if("transition")) {
    TransitionExpectation expected;
    expected.line = words.line();
    expected.absent = true;
    expected.side = side(words);
    script_.transitions.push_back(expected);
    return;
  }
  if (!words.take_if("finding")) words.fail("'no' goes with 'finding' or 'transition'");
  FindingExpectation expected;
  expected.line = words.line();
  expected.absent = true;
  if (!words.done()) expected.id = words.take("the finding's id");
  script_.findings.push_back(std::move(expected));
}

}  // namespace

ScriptError::ScriptError(unsigned line, const std::string& what)
    : std::runtime_error("line " + std::to_string(line) + ": " + what) {}

std::string_view name(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::Client: return "client";
    case Endpoint::Server: return "server";
    case Endpoint::None: return "none";
  }
  return "";
}

Script parse_script(std::string_view text) {
  Parser parser;
  unsigned number = 1;
  for (; !text.empty(); ++number) {
    const auto end = text.find('\n');
    parser.line(text.substr(0, end), number);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parser.take(number);
}

}  // namespace tcpautopsy::tap
