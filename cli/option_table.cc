#include "cli/option_table.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "analyzer/detect/detector.h"
#include "analyzer/report/text/explain.h"
#include "cli/option_values.h"
#include "cli/settings.h"

namespace tcpautopsy::cli {
namespace {

using enum Takes;

constexpr unsigned kEvery = 1U << 31;  // no command leaves it out
constexpr std::string_view kFormat = "format";
constexpr unsigned kAnalysing = kInput | kProfile;

constexpr std::array<Choice<When>, 3> kWhen{
    {{"auto", When::Auto}, {"always", When::Always}, {"never", When::Never}}};
constexpr std::array<Choice<Direction>, 3> kDirections{
    {{"both", Direction::Both}, {"client", Direction::Client}, {"server", Direction::Server}}};
constexpr std::array<Choice<Overlap>, 2> kOverlaps{{{"first", Overlap::First}, {"last", Overlap::Last}}};
constexpr std::array<Choice<Severity>, 4> kSeverities{{{"info", Severity::Info},
                                                       {"note", Severity::Note},
                                                       {"warning", Severity::Warning},
                                                       {"error", Severity::Error}}};
constexpr std::array<Choice<Severity>, 2> kGrave{
    {{"warning", Severity::Warning}, {"error", Severity::Error}}};

auto flag_into(bool Options::*member) {
  return [member](Options& o, const std::string&) { o.*member = true; };
}

void add_finding(Options& o, const std::string& id) {
  if (const std::size_t comma = id.find(','); comma != std::string::npos) {
    add_finding(o, id.substr(0, comma));
    return add_finding(o, id.substr(comma + 1));
  }
  if (o.selection.add_finding(id)) return;
  std::string message = fmt::format("there is no finding '{}'", id);
  const auto near = near_matches(id, detectors());
  if (!near.empty()) message += fmt::format("; did you mean {}?", fmt::join(near, ", "));
  throw UsageError{message};
}

Words finding_ids() {
  Words ids;
  for (const Detector* detector : detectors()) ids.emplace_back(detector->doc.id);
  return ids;
}

Words state_words() { return {StateFilter::words().begin(), StateFilter::words().end()}; }

// Calls `use` for each word between commas.
template <class Use>
void each_state(const std::string& list, std::string_view option, Use use) {
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');)
    if (!use(word))
      throw UsageError{
          fmt::format("--{} '{}' is none of {}", option, word, fmt::join(StateFilter::words(), ", "))};
}

TimeNs step_of(const std::string& text) {
  const TimeNs step = seconds_of(text, "watch");
  if (step <= 0) throw UsageError{"--watch takes a number of seconds above 0"};
  return step;
}

TimeSpec end_of(const std::string& text) {
  const TimeSpec end = time_of(text, "capture-end");
  if (end.kind == TimeSpec::Kind::BeforeEnd)
    throw UsageError{"--capture-end cannot be counted back from the capture's end"};
  return end;
}

// The first line of a file, so that an editor's newline does not matter.
std::string key_text(Options& o, const std::string& text) {
  if (!text.starts_with('@')) return text;
  const std::string path = text.substr(1);
  std::ifstream file(path);
  std::string line;
  if (!file) throw UsageError{fmt::format("--anonymize: {} cannot be read: {}", path, std::strerror(errno))};
  o.also_read.push_back(path);
  std::getline(file, line);
  return line;
}

void use_key(Options& o, const std::string& text) {
  const std::string key = key_text(o, text);
  if (key.empty()) throw UsageError{"the key of --anonymize is empty"};
  o.anonymize = std::make_shared<AnonymizeKey>(key);
}

void name_profile(Options& o, const std::string& wanted) {
  const auto named = Profile::named(wanted);
  if (!named)
    throw UsageError{fmt::format("--profile '{}' is none of {}", wanted, fmt::join(profile_names(), ", "))};
  o.profile = *named;
}

std::vector<Option> stream_options() {
  return {{"flow", kStream, One, "N", "the connection, one",
           [](Options& o, const std::string& t) {
             number_of<std::uint64_t>(t, "flow");
             o.selection.add_flows(t);
           }},
          choosing({"direction", kStream, One, "WHO", "bytes sent by: both (default), client, server"},
                   kDirections, [](Options& o, Direction d) { o.direction = d; }),
          {"raw", kStream, Nothing, "", "the bytes alone: --format raw"},
          {"hex", kStream, Nothing, "", "a hex dump: --format hex"},
          choosing({"overlap", kStream, One, "WHICH",
                    "where segments overlap: first (default), what came first counts; last, what came last "
                    "before it was acknowledged"},
                   kOverlaps, [](Options& o, Overlap which) { o.reassembly.overlap = which; }),
          {"hold", kStream, One, "MIB", "MiB held, a direction, of what waits for missing bytes (16)",
           [](Options& o, const std::string& t) {
             o.reassembly.most_held = std::size_t{number_of<std::uint32_t>(t, "hold")} << 20;
           }}};
}

// States are taken away from those added, whatever the order on the command line.
std::vector<Option> socket_options() {
  return {{"at", kSockets, One, "TIME",
           "the moment: 2024-05-01, \"2024-05-01 10:00\", 2024-05-01T10:00:00Z, epoch seconds, +10m after "
           "the start, "
           "-10m before the end, or end",
           [](Options& o, const std::string& t) { o.at = time_of(t, "at"); }},
          {"watch", kSockets, One, "SECONDS",
           "every so many seconds, from --at or the start to the capture's end",
           [](Options& o, const std::string& t) { o.watch = step_of(t); }},
          {"state", kSockets, Many, "STATE",
           "only sockets in this state, by its name in RFC 9293 or ss(8); several with commas",
           [](Options& o, const std::string& t) {
             each_state(t, "state", [&](const auto& word) { return o.states.add(word); });
           },
           state_words},
          {"exclude", kSockets, Many, "STATE", "no sockets in this state",
           [](Options& o, const std::string& t) {
             each_state(t, "exclude", [&](const auto& word) { return o.states.remove(word); });
           },
           state_words},
          {"count", kSockets, Nothing, "", "totals as ss -s has them, and by host and state",
           flag_into(&Options::count)}};
}

std::vector<Option> special_options() {
  std::vector<Option> options = stream_options();
  for (Option& option : socket_options()) options.push_back(std::move(option));
  options.insert(
      options.end(),
      {{"full", kFull, Nothing, "", "draw every segment, fold no runs of data", flag_into(&Options::full)},
       {"turns", kFull, Nothing, "", "tell the first 64 turns of data, not only 10",
        flag_into(&Options::turns)},
       {"all", kAll, Nothing, "", "as text: all incidents, findings, services and times, not only one screen",
        flag_into(&Options::all)},
       {"examples", kExamples, Nothing, "",
        "with its examples and near misses as ladders, in text and Markdown", flag_into(&Options::examples)},
       {"annotate", kAnnotate, Nothing, "",
        "with packet comments: where each packet was, states, findings; and the report",
        flag_into(&Options::annotate)},
       {"limit", kLimit, One, "N", "errors and warnings of each kind told in full (10)",
        [](Options& o, const std::string& t) { o.limit = number_of<std::size_t>(t, "limit"); }},
       {"unordered", kUnordered, Nothing, "", "print each line as soon as it is known, in no order",
        flag_into(&Options::unordered)}});
  return options;
}

std::vector<Option> input_options() {
  return {
      {"filter,f", kAnalysing, One, "EXPR", "only packets that match this pcap-filter(7) expression",
       [](Options& o, const std::string& t) { o.filter = t; }},
      {"expansion", kAnalysing, One, "N",
       fmt::format("compressed input may grow to N times its size ({}); what is below 64 MiB is free",
                   kUsualExpansion),
       [](Options& o, const std::string& t) { o.most_expansion = count_of(t, "expansion", 1); }},
      {"profile", kAnalysing, One, "NAME",
       fmt::format("how hosts behave by the clock: {}", fmt::join(profile_names(), ", ")), name_profile,
       [] { return Words(profile_names().begin(), profile_names().end()); }, true},
      {"anonymize", kAnonymize, One, "KEY",
       "tell other addresses, networks kept together, and write packets without what they carry; KEY is "
       "a text or, out of the list of processes, @FILE",
       use_key},
      {"threads", kInput, One, "N",
       "threads at work on a capture, beside one that reads where N is not 1 (default: one for each core)",
       [](Options& o, const std::string& t) {
         o.threads = static_cast<unsigned>(std::min<std::uint64_t>(count_of(t, "threads", 1), kMostThreads));
       }},
      {"merge", kInput, Nothing, "", "take files that overlap in time as one capture",
       flag_into(&Options::merge)},
      {"capture-end", kInput, One, "TIME", "when the capture ended, if later than its last packet",
       [](Options& o, const std::string& t) { o.capture_end = end_of(t); }}};
}

// They come after --profile, whose numbers they change.
std::vector<Option> profile_options() {
  std::vector<Option> options;
  for (const ProfileNumber& number : profile_numbers()) {
    std::string name(number.name);
    std::replace(name.begin(), name.end(), '_', '-');
    const auto use = [&number, name](Options& o, const std::string& text) {
      if (number.may_be_none() && text == "none") return number.set(o.profile, std::nullopt);
      number.set(o.profile, number.is_time() ? seconds_of(text, name) : number_of<unsigned>(text, name));
    };
    options.push_back({name,
                       kAnalysing,
                       One,
                       number.is_time() ? "SECONDS" : "N",
                       std::string(number.meaning),
                       use,
                       {},
                       true});
  }
  return options;
}

std::vector<Option> bound_options() {
  std::vector<Option> options;
  for (const BoundNumber& bound : bound_numbers()) {
    const std::string name = fmt::format("max-{}", bound.name);
    const auto use = [&bound, name](Options& o, const std::string& text) {
      o.bounds.*bound.member = bound.is_size() ? size_of(text, name, bound.least, bound.most)
                                               : count_of(text, name, bound.least, bound.most);
    };
    const std::string usual = bound.is_size() ? "no bound" : fmt::to_string(Bounds().*bound.member);
    options.push_back({name, kAnalysing, One, bound.is_size() ? "SIZE" : "N",
                       fmt::format("{} ({})", bound.meaning, usual), use});
  }
  return options;
}

std::vector<Option> settings_options() {
  constexpr unsigned with_settings = kAnalysing | kSettings;
  return {
      {"set", with_settings, Many, "ID.NAME=VALUE", "a threshold of a finding; explain tells those there are",
       [](Options& o, const std::string& t) { set_threshold(o.thresholds, t); },
       [] {
         Words names = threshold_names();
         for (std::string& name : names) name += '=';
         return names;
       }},
      {"config", with_settings, One, "FILE", "thresholds and numbers of the profile from this file too"},
      {"no-config", with_settings, Nothing, "",
       "leave out the user's own file, ~/.config/tcpautopsy/config"}};
}

std::vector<Option> select_options() {
  return {
      {"flow", kSelect, Many, "N", "these flows: 17, 3,5 or 10-20",
       [](Options& o, const std::string& t) {
         if (!o.selection.add_flows(t))
           throw UsageError{fmt::format("--flow '{}' is not a flow number, list or range", t)};
       }},
      {"host", kSelect, Many, "IP", "flows with this address or network at either end",
       [](Options& o, const std::string& t) {
         if (!o.selection.add_host(t))
           throw UsageError{fmt::format("--host '{}' is not an IP address or network", t)};
       }},
      {"port", kSelect, Many, "N", "flows with this port at either end",
       [](Options& o, const std::string& t) { o.selection.add_port(number_of<std::uint16_t>(t, "port")); }},
      {"finding", kSelect, Many, "ID",
       "flows that have this finding, and no other findings; several with commas", add_finding, finding_ids},
      choosing({"severity", kSelect, One, "LEVEL", "findings at least so grave: info, note, warning, error"},
               kSeverities, [](Options& o, Severity s) { o.selection.set_severity(s); }),
      {"since", kSelect, One, "TIME",
       "flows and findings not over before this time: as for ss --at; -10m is the last ten minutes",
       [](Options& o, const std::string& t) { o.selection.set_since(time_of(t, "since")); }},
      {"until", kSelect, One, "TIME", "flows and findings not begun after this time",
       [](Options& o, const std::string& t) { o.selection.set_until(time_of(t, "until")); }}};
}

std::vector<Option> output_options() {
  return {
      {std::string(kFormat), kEvery, One, "FORMAT", ""},
      {"output,o", kEvery, One, "FILE", "write the result there",
       [](Options& o, const std::string& t) { o.output = t; }},
      choosing(
          {"fail-on", kFailOn, One, "LEVEL", "exit with 3 if something is at least so grave: warning, error"},
          kGrave, [](Options& o, Severity s) { o.fail_on = s; }),
      choosing({"color", kEvery, One, "WHEN", "auto (on a terminal, unless NO_COLOR is set), always, never"},
               kWhen, [](Options& o, When when) { o.color = when; }),
      {"width", kEvery, One, "COLUMNS", "width of text (default: the terminal's, or 100)",
       [](Options& o, const std::string& t) { o.width = number_of<std::size_t>(t, "width"); }},
      {"no-pager", kEvery, Nothing, "", "text on a terminal not through $PAGER",
       [](Options& o, const std::string&) { o.pager = false; }},
      {"quiet,q", kEvery, Nothing, "", "no notes on standard error, only errors", flag_into(&Options::quiet)},
      {"help,h", kEvery, Nothing, "", "this text"}};
}

// Formats are the command's own.
void tell_formats(Option& option, const Command& command) {
  option.help = fmt::format("{}", fmt::join(command.formats, ", "));
  option.otherwise = command.formats.front();
  option.words = [&command] { return Words(command.formats.begin(), command.formats.end()); };
}

}  // namespace

const std::vector<OptionSection>& option_table() {
  static const std::vector<OptionSection> all{
      {"This command", special_options()}, batch_section(),
      {"Input", input_options()},          {"Numbers of the profile", profile_options()},
      {"Limits", bound_options()},         {"Settings", settings_options()},
      {"Selection", select_options()},     {"Output", output_options()}};
  return all;
}

std::vector<OptionSection> options_of(const Command& command) {
  std::vector<OptionSection> sections;
  for (const OptionSection& section : option_table()) {
    OptionSection taken{section.heading, {}};
    for (const Option& option : section.options) {
      if ((option.groups & (command.groups | kEvery)) == 0) continue;
      if (option.name != kFormat)
        taken.options.push_back(option);
      else if (!command.formats.empty())
        tell_formats(taken.options.emplace_back(option), command);
    }
    if (!taken.options.empty()) sections.push_back(std::move(taken));
  }
  return sections;
}

}  // namespace tcpautopsy::cli
