#include <boost/program_options.hpp>
#include <sstream>
#include <string>

#include "analyzer/infer/profile.h"
#include "analyzer/report/sockets/socket_table.h"
#include "analyzer/report/text/time_text.h"
#include "cli/option_values.h"
#include "cli/selection.h"
#include "cli/settings.h"
#include "file_input.h"
#include "file_on_disk.h"

namespace tcpautopsy::fuzz {
namespace {

template <class F>
void refused_or(F use) {
  try {
    use();
  } catch (const cli::UsageError&) {
    return;
  }
}

void as_values(const std::string& text) {
  cli::Selection selection;
  StateFilter states;
  Thresholds thresholds;
  selection.add_flows(text);
  selection.add_host(text);
  selection.add_finding(text);
  states.add(text);
  if (const auto time = parse_time(text)) time->resolve(0, kSecond);
  parse_seconds(text);
  refused_or([&] { cli::set_threshold(thresholds, text); });
  refused_or([&] { cli::seconds_of(text, "a"); });
  refused_or([&] { cli::size_of(text, "a", 1, std::uint64_t{1} << 50); });
  refused_or([&] { cli::count_of(text, "a", 1); });
}

}  // namespace

void settings_input(Bytes text) {
  namespace po = boost::program_options;
  const FileOnDisk disk("config", text);
  po::options_description others;
  for (const ProfileNumber& number : profile_numbers())
    others.add_options()(std::string(number.name).c_str(), po::value<std::string>());
  refused_or([&] {
    po::variables_map given;
    Thresholds thresholds;
    cli::read_config(disk.path(), others, given);
    cli::set_thresholds(thresholds, given);
  });
  std::istringstream lines(std::string(reinterpret_cast<const char*>(text.data()), text.size()));
  for (std::string line; std::getline(lines, line);) as_values(line);
}

}  // namespace tcpautopsy::fuzz
