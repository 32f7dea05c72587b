#include <array>
#include <regex>

#include "analyzer/batch/capture_sets.h"

namespace tcpautopsy::batch {
namespace {

constexpr std::array<std::string_view, 5> kPackings{".gz", ".xz", ".zst", ".bz2", ".lz4"};

// Patterns hold no state: built once, shared by all.
const std::regex& dumpcap() {
  static const std::regex pattern(R"(^(.*)_\d{5,}_\d{14}(\.[A-Za-z]+)?$)");
  return pattern;
}
const std::regex& counted_behind() {
  static const std::regex pattern(R"(^(.*\.(?:pcap|pcapng|cap|dmp|dump|snoop))\.?(\d*)$)");
  return pattern;
}
const std::regex& moment() {
  static const std::regex pattern(
      R"((^|[^0-9])((?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[-_.T ]?[0-2]\d[-_.:hH]?[0-5]\d(?:[-_.:mM]?[0-5]\d)?)?Z?|1\d{9})(?=$|[^0-9]))");
  return pattern;
}
const std::regex& address() {
  static const std::regex pattern(R"(\d+\.\d+\.\d+\.\d+)");
  return pattern;
}
const std::regex& counter() {
  static const std::regex pattern(R"(^(.*(?:^|[-_.]))(\d+)([^0-9]*)$)");
  return pattern;
}

std::string_view without_packing(std::string_view name) {
  for (const std::string_view packing : kPackings)
    if (name.size() > packing.size() && name.ends_with(packing)) name.remove_suffix(packing.size());
  return name;
}

// Behind the ending, or in the stem beside a time.
std::optional<RotatedName> pattern_of(const std::string& name) {
  std::smatch parts;
  if (std::regex_match(name, parts, dumpcap()))
    return RotatedName{parts[1].str() + "_#_@" + parts[2].str(), true};
  if (!std::regex_match(name, parts, counted_behind())) return std::nullopt;
  const std::string stem = parts[1].str();
  const bool counted = parts[2].length() > 0;
  const std::string timed = std::regex_replace(stem, moment(), "$1@");
  if (counted) return RotatedName{timed + "#", true};
  std::string masked = std::regex_replace(timed, address(), "a.b.c.d");
  if (masked != timed) return timed != stem ? std::optional(RotatedName{timed, false}) : std::nullopt;
  if (std::regex_match(timed, parts, counter()))
    return RotatedName{parts[1].str() + "#" + parts[3].str(), false};
  if (timed != stem) return RotatedName{timed, false};
  return RotatedName{stem + "#", true};  // the first of those counted behind
}

}  // namespace

std::optional<RotatedName> rotated_name(std::string_view path) {
  path = without_packing(path);
  const std::size_t slash = path.find_last_of("/!");
  const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  auto found = pattern_of(std::string(path.substr(begin)));
  if (found) found->pattern.insert(0, path.substr(0, begin));
  return found;
}

}  // namespace tcpautopsy::batch
