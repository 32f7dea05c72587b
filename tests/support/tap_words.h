// Cuts a line of a .tap script into words and reads numbers, times and states out of them. Internal to the
// parser.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/decode/address.h"
#include "analyzer/infer/tcp_state.h"
#include "analyzer/seq/seq.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy::tap {

// The words of one line, taken from the front. `<...>` is one word, spaces and all.
class Words {
 public:
  Words(std::string_view line, unsigned number);

  unsigned line() const { return line_; }
  bool done() const { return at_ == words_.size(); }
  std::string_view peek() const { return done() ? std::string_view{} : words_[at_]; }
  std::string_view take(const char* what);  // throws where the line has ended
  bool take_if(std::string_view word);      // takes the next word if it is this one
  template <class T>
  T number(const char* what);  // the next word, which must be a number of that type
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  unsigned line_ = 0;
};

std::optional<Side> parse_side(std::string_view text);
std::optional<TimeNs> parse_duration(std::string_view seconds);            // ".10", "120", "50ms"
std::optional<std::vector<TcpState>> parse_states(std::string_view text);  // "LAST-ACK|CLOSED"
std::optional<IpAddress> parse_ip(const std::string& text);
std::optional<EndpointAddress> parse_endpoint(std::string_view text);  // "10.0.0.1:80", "[2001:db8::1]:80"

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
T Words::number(const char* what) {
  const std::string_view word = take(what);
  const auto value = parse_number<T>(word);
  if (!value) fail("'" + std::string(word) + "' is no " + what);
  return *value;
}

// A packet line after its time: "A > B  P. 1:101(100) ack 1 ... !marks | expectations".
Packet parse_packet(Words& words);
Options parse_options(std::string_view inside, const Words& words);  // what stands between < and >

}  // namespace tcpautopsy::tap
