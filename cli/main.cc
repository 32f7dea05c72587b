#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/counted_back.h"
#include "cli/interruption.h"
#include "cli/output.h"

namespace tcpautopsy::cli {
namespace {

int print(const std::string& text) {
  Output out("");
  out.write(text);
  out.close();
  return 0;
}

int help(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return print(general_help());
  if (arguments.size() > 2)
    if (const Command* command = find_command(arguments[1] + " " + arguments[2]))
      return print(command_help(*command));
  return print(command_help(command_named(arguments[1])));
}

// For tcpautopsy.bash; described, for those of zsh and fish.
int complete(const std::vector<std::string>& arguments, bool described) {
  std::string lines;
  for (const Completion& one : completions({arguments.begin() + 1, arguments.end()}))
    lines += one.word + (described && !one.meaning.empty() ? '\t' + one.meaning : "") + '\n';
  return print(lines);
}

// What is neither a command nor a file, but looks like a command that was mistyped.
void refuse_mistyped(const std::string& word) {
  std::error_code ignored;
  if (word.starts_with('-') || std::filesystem::exists(word, ignored)) return;
  if (const std::string meant = meant_command(word); !meant.empty())
    throw UsageError{"there is no command or file '" + word + "'" + meant};
}

int run_command(const Command& command, const std::vector<std::string>& arguments) {
  try {
    Options options = parse_options(command, arguments);
    count_back_from_end(options);
    return command.run(options);
  } catch (UsageError& error) {
    error.command = command.name;
    throw;
  }
}

int run(std::vector<std::string> arguments) {
  if (arguments.empty()) throw UsageError{"no capture is named"};
  const std::string& first = arguments.front();
  if (first == "help" || first == "--help" || first == "-h") return help(arguments);
  if (first == "--version" || first == "version") return print("tcpautopsy " TCPAUTOPSY_VERSION "\n");
  if (first == "--complete" || first == "--complete-described")
    return complete(arguments, first == "--complete-described");
  const Command* command = arguments.size() > 1 ? find_command(first + " " + arguments[1]) : nullptr;
  if (command != nullptr)
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  else if ((command = find_command(first)) != nullptr)
    arguments.erase(arguments.begin());
  else {
    refuse_mistyped(first);
    command = find_command("report");
  }
  for (const std::string& argument : arguments)
    if (argument == "--help" || argument == "-h") return print(command_help(*command));
  return run_command(*command, arguments);
}

}  // namespace
}  // namespace tcpautopsy::cli

int main(int count, char** arguments) {
  using namespace tcpautopsy::cli;
  // Both are told as errors of writing.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run({arguments + 1, arguments + count});
  } catch (const UsageError& error) {
    say(error.message + "; see tcpautopsy help" + (error.command.empty() ? "" : " " + error.command));
  } catch (const ReaderGone&) {
    return 0;
  } catch (const OutputError& error) {
    say(error.message);
  } catch (const std::exception& error) {
    say(error.what());
  }
  return status_of_signal() != 0 ? status_of_signal() : 2;
}
