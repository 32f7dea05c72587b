#include "analyzer/batch/report_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "analyzer/detect/finding.h"

namespace tcpautopsy::batch {
namespace {

std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("/._-+,:=@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string place_text(const std::string& ip, std::int64_t port) {
  return fmt::format("{}:{}", ip.find(':') != std::string::npos ? "[" + ip + "]" : ip, port);
}

UnitNames::UnitNames(Database& store) : store_(store.path()) {
  Statement filter = store.prepare("SELECT value FROM meta WHERE key = 'filter'");
  if (filter.step()) filter_ = filter.text(0);
}

std::string UnitNames::input(std::int64_t files, const std::string& unit, const std::string& path) const {
  // Connections of a set are numbered over all its files.
  const std::string input = files > 1 ? quoted(store_ + "#" + unit) : quoted(path);
  return filter_.empty() ? input : "-f " + quoted(filter_) + " " + input;
}

Trend trend_of(std::int64_t now, std::int64_t before, bool known) {
  if (!known) return {Trend::Kind::New, 0, {}, {}};
  if (now == before) return {Trend::Kind::Same, before, {}, {}};
  return {now > before ? Trend::Kind::Worse : Trend::Kind::Better, before, {}, {}};
}

Trend trend_of_levels(std::int64_t now, std::int64_t before, std::int64_t level, std::int64_t level_before) {
  Trend trend = trend_of(now, before, true);
  if (level == level_before) return trend;
  trend.kind = level > level_before ? Trend::Kind::Worse : Trend::Kind::Better;
  trend.before_severity = name(static_cast<Severity>(level_before));
  return trend;
}

}  // namespace tcpautopsy::batch
