#include "tests/support/tap_words.h"

#include <arpa/inet.h>

#include <cctype>

namespace tcpautopsy::tap {

Words::Words(std::string_view line, unsigned number) : line_(number) {
  for (std::size_t i = 0; i < line.size();) {
    if (std::isspace(static_cast<unsigned char>(line[i]))) {
      ++i;
      continue;
    }
    std::size_t end = i;
    // A bare ">" or "<" is a direction; "<" with something right behind it opens options.
    if (line[i] == '<' && i + 1 < line.size() && !std::isspace(static_cast<unsigned char>(line[i + 1]))) {
      end = line.find('>', i);
      if (end == std::string_view::npos) fail("'<' without '>'");
      ++end;
    } else {
      while (end < line.size() && !std::isspace(static_cast<unsigned char>(line[end]))) ++end;
    }
    words_.emplace_back(line.substr(i, end - i));
    i = end;
  }
}

std::string_view Words::take(const char* what) {
  if (done()) fail(std::string("the line ends where ") + what + " should stand");
  return words_[at_++];
}

bool Words::take_if(std::string_view word) {
  if (done() || words_[at_] != word) return false;
  ++at_;
  return true;
}

void Words::fail(const std::string& what) const { throw ScriptError(line_, what); }

std::optional<Side> parse_side(std::string_view text) {
  if (text == "A") return Side::A;
  if (text == "B") return Side::B;
  return std::nullopt;
}

std::optional<TimeNs> parse_duration(std::string_view text) {
  double unit = static_cast<double>(kSecond);
  const auto strip = [&text](std::string_view suffix) {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    return true;
  };
  if (strip("ms")) {
    unit = static_cast<double>(kMillisecond);
  } else if (strip("us")) {
    unit = 1e3;
  } else {
    strip("s");
  }
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto value = parse_number<double>(text);
  constexpr double kLongest = 1e9;  // seconds: keeps every sum of times far from overflow
  if (!value || !(*value >= 0) || *value * unit > kLongest * 1e9) return std::nullopt;
  return static_cast<TimeNs>(*value * unit + 0.5);
}

std::optional<std::vector<TcpState>> parse_states(std::string_view text) {
  std::vector<TcpState> states;
  while (true) {
    const auto bar = text.find('|');
    TcpState state{};
    if (!parse_state(text.substr(0, bar), state)) return std::nullopt;
    states.push_back(state);
    if (bar == std::string_view::npos) return states;
    text.remove_prefix(bar + 1);
  }
}

std::optional<IpAddress> parse_ip(const std::string& text) {
  std::uint8_t octets[16]{};
  if (inet_pton(AF_INET, text.c_str(), octets) == 1) return IpAddress::v4(octets);
  if (inet_pton(AF_INET6, text.c_str(), octets) == 1) return IpAddress::v6(octets);
  return std::nullopt;
}

std::optional<EndpointAddress> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto ip = parse_ip(std::string(host));
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!ip || !port) return std::nullopt;
  return EndpointAddress{*ip, *port};
}

}  // namespace tcpautopsy::tap
