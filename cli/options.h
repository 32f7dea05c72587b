// What the command line asks for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/analysis/bounds.h"
#include "analyzer/anonymize/address_cipher.h"
#include "analyzer/capture/expansion.h"
#include "analyzer/detect/thresholds.h"
#include "analyzer/infer/profile.h"
#include "analyzer/reassembly/reassembly.h"
#include "analyzer/report/sockets/socket_table.h"
#include "analyzer/report/text/time_text.h"
#include "cli/batch/batch_options.h"
#include "cli/selection.h"

namespace tcpautopsy::cli {

// A mistake on the command line: the message is for the user, and nothing was done.
struct UsageError {
  std::string message;
  std::string command = {};  // whose help tells how it should be
};

enum class When : std::uint8_t { Auto, Always, Never };
enum class Direction : std::uint8_t { Both, Client, Server };  // by who sent

constexpr unsigned kMostThreads = 64;

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> also_read;  // what else was read: settings, a store
  // Input.
  std::string filter;
  bool merge = false;
  bool one_capture = false;  // the files are one, in the order given
  std::optional<TimeSpec> capture_end;
  std::uint64_t most_expansion = kUsualExpansion;
  unsigned threads = 0;  // 0: one for each core
  Profile profile;
  Thresholds thresholds;
  Bounds bounds;
  // Selection.
  Selection selection;
  // Output.
  std::string format, output;  // `output` empty or "-": standard output
  bool unordered = false, quiet = false, pager = true;
  std::optional<Severity> fail_on;
  When color = When::Auto;
  std::size_t width = 0;  // 0: find out
  // Single commands.
  bool annotate = false;
  bool full = false, turns = false, count = false, all = false, examples = false;
  std::size_t limit = 10;
  std::optional<TimeSpec> at;
  std::optional<TimeNs> watch;  // step between moments
  StateFilter states;
  Direction direction = Direction::Both;
  ReassemblyOptions reassembly;
  BatchOptions batch;
  std::shared_ptr<const AnonymizeKey> anonymize;  // null: addresses are told as they are
};

// Sets of options that commands share.
enum OptionGroup : unsigned {
  kInput = 1U << 0,
  kSelect = 1U << 1,
  kUnordered = 1U << 2,
  kFull = 1U << 3,
  kSockets = 1U << 4,
  kLimit = 1U << 5,
  kFailOn = 1U << 6,
  kStream = 1U << 7,
  kSettings = 1U << 8,
  kProfile = 1U << 9,  // filter, profile and settings, without the inputs' own options
  kStore = 1U << 10,   // what a batch writes
  kDryRun = 1U << 11,
  kMakeShards = 1U << 12,
  kOneShard = 1U << 13,
  kPlan = 1U << 14,
  kScan = 1U << 15,     // what makes files one capture, and how many at once
  kCompare = 1U << 16,  // what is told of a store, and what makes the exit status 3
  kAll = 1U << 17,
  kExamples = 1U << 18,
  kAnnotate = 1U << 19,
  kAnonymize = 1U << 20
};

struct Command {
  std::string_view name;
  std::string_view purpose;  // one line
  std::string_view usage;    // after the command's name
  unsigned groups = 0;
  std::vector<std::string_view> formats;  // the first is the default; none: no --format
  int (*run)(const Options&) = nullptr;
};

// Throws UsageError. `arguments` are those after the command's name.
Options parse_options(const Command& command, const std::vector<std::string>& arguments);
// What --help lists for it.
std::string options_help(const Command& command);

}  // namespace tcpautopsy::cli
