#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "analyzer/report/text/explain.h"
#include "cli/batch/batch_arguments.h"
#include "cli/batch/store_inputs.h"
#include "cli/settings.h"

namespace tcpautopsy::cli {
namespace {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

TimeSpec time_of(const std::string& text, std::string_view option) {
  const auto time = parse_time(text);
  if (!time) {
    throw UsageError{fmt::format(
        "--{} '{}' is no time: give 2024-05-01T10:00:00Z, epoch seconds, +SECONDS or end", option, text)};
  }
  return *time;
}

TimeNs seconds_of(const std::string& text, std::string_view option) {
  const auto seconds = parse_seconds(text);
  if (!seconds) throw UsageError{fmt::format("--{} '{}' is no number of seconds", option, text)};
  return *seconds;
}

// Digits only; the library's own conversion would take "-1" for a large number.
template <class Number>
Number number_of(const std::string& text, std::string_view option) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw UsageError{fmt::format("--{} '{}' is no number that fits", option, text)};
  }
  return number;
}

Severity severity_of(const std::string& text, std::string_view option) {
  for (const Severity s : {Severity::Info, Severity::Note, Severity::Warning, Severity::Error})
    if (name(s) == text) return s;
  throw UsageError{fmt::format("--{} '{}' is none of info, note, warning, error", option, text)};
}

Severity fail_on_of(const std::string& text) {
  const Severity s = severity_of(text, "fail-on");
  if (s < Severity::Warning) throw UsageError{"--fail-on takes warning or error"};
  return s;
}

When when_of(const std::string& text) {
  if (text == "auto") return When::Auto;
  if (text == "always") return When::Always;
  if (text == "never") return When::Never;
  throw UsageError{fmt::format("--color '{}' is none of auto, always, never", text)};
}

void add_findings(Selection& selection, const Words& ids) {
  for (const std::string& id : ids) {
    if (selection.add_finding(id)) continue;
    std::string message = fmt::format("there is no finding '{}'", id);
    const auto near = near_matches(id, detectors());
    if (!near.empty()) message += fmt::format("; did you mean {}?", fmt::join(near, ", "));
    throw UsageError{message};
  }
}

// An option that is read into the Options once all are known.
template <class T, class Use>
auto* used(const char* shown, Use use) {
  return po::value<T>()->value_name(shown)->notifier(use);
}

po::options_description analysis_group(Options& o) {
  po::options_description group("Input");
  const auto names = fmt::format("how hosts behave by the clock: {}", fmt::join(profile_names(), ", "));
  group.add_options()("filter,f", used<std::string>("EXPR", [&o](const std::string& e) { o.filter = e; }),
                      "only packets that match this pcap-filter(7) expression")(
      "profile", po::value<std::string>()->value_name("NAME"), names.c_str());
  return group;
}

po::options_description input_group(Options& o) {
  po::options_description group = analysis_group(o);
  group.add_options()("merge", po::bool_switch(&o.merge), "take files that overlap in time as one capture")(
      "capture-end",
      used<std::string>("TIME", [&o](const std::string& t) { o.capture_end = time_of(t, "capture-end"); }),
      "when the capture ended, if later than its last packet");
  return group;
}

std::string option_of(const ProfileNumber& number) {
  std::string option(number.name);
  std::replace(option.begin(), option.end(), '_', '-');
  return option;
}

po::options_description profile_group() {
  po::options_description group("Numbers of the profile");
  for (const ProfileNumber& number : profile_numbers())
    group.add_options()(option_of(number).c_str(),
                        po::value<std::string>()->value_name(number.is_time() ? "SECONDS" : "N"),
                        std::string(number.meaning).c_str());
  return group;
}

po::options_description settings_group() {
  po::options_description group("Settings");
  group.add_options()("set", po::value<Words>()->composing()->value_name("ID.NAME=VALUE"),
                      "a threshold of a finding; explain tells those there are")(
      "config", po::value<std::string>()->value_name("FILE"),
      "thresholds and numbers of the profile from this file too")(
      "no-config", po::bool_switch(), "leave out the user's own file, ~/.config/tcpautopsy/config");
  return group;
}

po::options_description select_group(Options& o) {
  Selection& s = o.selection;
  po::options_description group("Selection");
  group.add_options()(
      "flow",
      used<Words>("N",
                  [&s](const Words& all) {
                    for (const auto& t : all)
                      if (!s.add_flows(t))
                        throw UsageError{fmt::format("--flow '{}' is no number, list or range of flows", t)};
                  }),
      "these flows: 17, 3,5 or 10-20")(
      "host",
      used<Words>("IP",
                  [&s](const Words& all) {
                    for (const auto& t : all)
                      if (!s.add_host(t))
                        throw UsageError{fmt::format("--host '{}' is no IP address or network", t)};
                  }),
      "flows with this address or network at either end")(
      "port",
      used<Words>("N",
                  [&s](const Words& all) {
                    for (const auto& t : all) s.add_port(number_of<std::uint16_t>(t, "port"));
                  }),
      "flows with this port at either end")(
      "finding", used<Words>("ID", [&s](const Words& all) { add_findings(s, all); }),
      "flows that have this finding, and no other findings")(
      "severity",
      used<std::string>("LEVEL", [&s](const std::string& t) { s.set_severity(severity_of(t, "severity")); }),
      "findings at least so grave: info, note, warning, error")(
      "since", used<std::string>("TIME", [&s](const std::string& t) { s.set_since(time_of(t, "since")); }),
      "flows and findings not over before this time")(
      "until", used<std::string>("TIME", [&s](const std::string& t) { s.set_until(time_of(t, "until")); }),
      "flows and findings not begun after this time");
  return group;
}

template <class Use>
void each_state_word(const Words& lists, std::string_view option, Use use) {
  for (const std::string& list : lists) {
    std::istringstream words(list);
    for (std::string word; std::getline(words, word, ',');) {
      if (use(word)) continue;
      throw UsageError{
          fmt::format("--{} '{}' is none of {}", option, word, fmt::join(StateFilter::words(), ", "))};
    }
  }
}

// States are taken away from those added, whatever the order of options.
void read_states(const po::variables_map& given, StateFilter& filter) {
  if (given.count("state"))
    each_state_word(given["state"].as<Words>(), "state", [&](const auto& w) { return filter.add(w); });
  if (given.count("exclude"))
    each_state_word(given["exclude"].as<Words>(), "exclude", [&](const auto& w) { return filter.remove(w); });
}

TimeNs step_of(const std::string& text) {
  const TimeNs step = seconds_of(text, "watch");
  if (step <= 0) throw UsageError{"--watch takes a number of seconds above 0"};
  return step;
}

void add_socket_options(po::options_description& group, Options& o) {
  group.add_options()("at",
                      used<std::string>("TIME", [&o](const std::string& t) { o.at = time_of(t, "at"); }),
                      "the moment: 2024-05-01T10:00:00Z, epoch seconds, +SECONDS from the start, or end")(
      "watch", used<std::string>("SECONDS", [&o](const std::string& t) { o.watch = step_of(t); }),
      "every so many seconds, from --at or the start to the capture's end")(
      "state", po::value<Words>()->composing()->value_name("STATE"),
      "only sockets in this state, by its name in RFC 9293 or ss(8); several with commas")(
      "exclude", po::value<Words>()->composing()->value_name("STATE"), "no sockets in this state")(
      "count", po::bool_switch(&o.count), "totals as ss -s has them, and by host and state");
}

Direction direction_of(const std::string& text) {
  if (text == "both") return Direction::Both;
  if (text == "client") return Direction::Client;
  if (text == "server") return Direction::Server;
  throw UsageError{fmt::format("--direction '{}' is none of both, client, server", text)};
}

Overlap overlap_of(const std::string& text) {
  if (text == "first") return Overlap::First;
  if (text == "last") return Overlap::Last;
  throw UsageError{fmt::format("--overlap '{}' is none of first, last", text)};
}

std::size_t hold_of(const std::string& text) {
  const auto megabytes = number_of<std::uint32_t>(text, "hold");
  return std::size_t{megabytes} << 20;
}

po::options_description stream_group(Options& o) {
  po::options_description group("This command");
  group.add_options()("flow",
                      used<std::string>("N",
                                        [&o](const std::string& t) {
                                          number_of<std::uint64_t>(t, "flow");
                                          o.selection.add_flows(t);
                                        }),
                      "the connection, one")(
      "direction", used<std::string>("WHO", [&o](const std::string& t) { o.direction = direction_of(t); }),
      "bytes sent by: both (default), client, server")(
      "raw", po::bool_switch(), "the bytes alone: --format raw")("hex", po::bool_switch(),
                                                                 "a hex dump: --format hex")(
      "overlap",
      used<std::string>("WHICH", [&o](const std::string& t) { o.reassembly.overlap = overlap_of(t); }),
      "where segments overlap: first (default), what came first counts; last, what came last before it was "
      "acknowledged")(
      "hold", used<std::string>("MIB", [&o](const std::string& t) { o.reassembly.most_held = hold_of(t); }),
      "MiB held, a direction, of what waits for missing bytes (16)");
  return group;
}

// --raw and --hex are short for a format.
void read_short_format(const po::variables_map& given, Options& o) {
  const bool raw = given["raw"].as<bool>(), hex = given["hex"].as<bool>();
  if (!raw && !hex) return;
  const std::string wanted = raw ? "raw" : "hex";
  if ((raw && hex) || (!given["format"].defaulted() && o.format != wanted))
    throw UsageError{"--raw, --hex and --format ask for different formats"};
  o.format = wanted;
}

po::options_description special_group(const Command& command, Options& o) {
  if (command.groups & kStream) return stream_group(o);
  po::options_description group("This command");
  if (command.groups & kSockets) {
    add_socket_options(group, o);
  }
  if (command.groups & kFull)
    group.add_options()("full", po::bool_switch(&o.full), "draw every segment, fold no runs of data")(
        "turns", po::bool_switch(&o.turns), "tell the first 64 turns of data, not only 10");
  if (command.groups & kLimit) {
    group.add_options()(
        "limit",
        used<std::string>("N", [&o](const std::string& t) { o.limit = number_of<std::size_t>(t, "limit"); }),
        "errors and warnings of each kind told in full (10)");
  }
  if (command.groups & kUnordered) {
    group.add_options()("unordered", po::bool_switch(&o.unordered),
                        "print each line as soon as it is known, in no order");
  }
  return group;
}

po::options_description output_group(const Command& command, Options& o) {
  po::options_description group("Output");
  const std::string formats = fmt::format("{}", fmt::join(command.formats, ", "));
  if (!command.formats.empty()) {
    group.add_options()(
        "format",
        po::value(&o.format)->value_name("FORMAT")->default_value(std::string(command.formats.front())),
        formats.c_str());
  }
  group.add_options()("output,o", po::value(&o.output)->value_name("FILE"), "write the result there");
  if (command.groups & kFailOn) {
    group.add_options()("fail-on",
                        used<std::string>("LEVEL", [&o](const std::string& t) { o.fail_on = fail_on_of(t); }),
                        "exit with 3 if something is at least so grave: warning, error");
  }
  group.add_options()("color",
                      used<std::string>("WHEN", [&o](const std::string& t) { o.color = when_of(t); }),
                      "auto (on a terminal, unless NO_COLOR is set), always, never")(
      "width",
      used<std::string>("COLUMNS",
                        [&o](const std::string& t) { o.width = number_of<std::size_t>(t, "width"); }),
      "width of text (default: the terminal's, or 100)")(
      "quiet,q", po::bool_switch(&o.quiet), "no notes on standard error, only errors")("help,h", "this text");
  return group;
}

po::options_description all_groups(const Command& command, Options& o) {
  po::options_description all;
  if (const auto special = special_group(command, o); !special.options().empty()) all.add(special);
  if (command.groups & kInput) all.add(input_group(o)).add(profile_group());
  if (command.groups & kBatch) all.add(batch_group(command.name, o));
  if (command.groups & kProfile) all.add(analysis_group(o)).add(profile_group());
  if (command.groups & (kInput | kProfile | kSettings)) all.add(settings_group());
  if (command.groups & kSelect) all.add(select_group(o));
  all.add(output_group(command, o));
  return all;
}

// What the command line says goes before --config's file, and that before the user's own.
void read_settings(po::variables_map& given, Thresholds& thresholds) {
  po::options_description others = profile_group();
  others.add_options()("profile", po::value<std::string>());
  if (given.count("config")) read_config(given["config"].as<std::string>(), others, given);
  if (const auto own = user_config_path(); own && !given["no-config"].as<bool>()) {
    std::error_code ignored;
    if (std::filesystem::exists(*own, ignored)) read_config(*own, others, given);
  }
  set_thresholds(thresholds, given);
  if (given.count("set")) set_thresholds(thresholds, given["set"].as<Words>());
}

ProfileNumber::Value value_of(const ProfileNumber& number, const std::string& text, std::string_view option) {
  if (number.may_be_none() && text == "none") return std::nullopt;
  return number.is_time() ? seconds_of(text, option) : number_of<unsigned>(text, option);
}

// The profile named, then its numbers one by one, in whatever order they were given.
void read_profile(const po::variables_map& given, Profile& profile) {
  if (given.count("profile")) {
    const auto& wanted = given["profile"].as<std::string>();
    const auto named = Profile::named(wanted);
    if (!named)
      throw UsageError{fmt::format("--profile '{}' is none of {}", wanted, fmt::join(profile_names(), ", "))};
    profile = *named;
  }
  for (const ProfileNumber& number : profile_numbers()) {
    const std::string option = option_of(number);
    if (given.count(option)) number.set(profile, value_of(number, given[option].as<std::string>(), option));
  }
}

void check_format(const Command& command, const Options& o) {
  if (command.formats.empty() ||
      std::find(command.formats.begin(), command.formats.end(), o.format) != command.formats.end())
    return;
  throw UsageError{fmt::format("--format '{}' is none of {}", o.format, fmt::join(command.formats, ", "))};
}

void check_files(const Options& o) {
  if (o.files.empty()) throw UsageError{"no capture is named"};
  for (const std::string& input : o.files) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(o.output, ignored) &&
        std::filesystem::equivalent(o.output, input, ignored)) {
      throw UsageError{fmt::format("{} is an input and is not overwritten", o.output)};
    }
  }
}

}  // namespace

Options parse_options(const Command& command, const std::vector<std::string>& arguments) {
  Options o;
  po::options_description all = all_groups(command, o);
  po::options_description with_files;
  with_files.add(all).add_options()("file", po::value(&o.files));
  po::positional_options_description files;
  files.add("file", -1);
  try {
    po::variables_map given;
    // A prefix of a long option is refused: what it means would change when options are added.
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(with_files).positional(files).style(style).run(),
              given);
    po::notify(given);
    if (command.groups & (kInput | kProfile | kSettings)) read_settings(given, o.thresholds);
    if (command.groups & (kInput | kProfile)) read_profile(given, o.profile);
    if (command.groups & kStream) read_short_format(given, o);
    if (command.groups & kSockets) read_states(given, o.states);
  } catch (const po::error& error) {
    throw UsageError{error.what()};
  }
  check_format(command, o);
  if (command.groups & kInput) resolve_store_input(o);
  if (command.groups & kInput) check_files(o);
  return o;
}

std::string options_help(const Command& command) {
  Options o;
  std::ostringstream text;
  text << all_groups(command, o);
  return text.str();
}

}  // namespace tcpautopsy::cli
