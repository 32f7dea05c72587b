#include "cli/pager.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "cli/status_line.h"

namespace tcpautopsy::cli {
namespace {

std::string wanted_pager() {
  const char *term = std::getenv("TERM"), *pager = std::getenv("PAGER");
  if (term != nullptr && std::string_view(term) == "dumb") return "";
  const std::string command = pager == nullptr ? "less" : pager;
  return command == "cat" ? "" : command;
}

// Whether the command's program is there; the shell alone can tell of one with more in it than words.
bool can_be_run(const std::string& command) {
  if (command.find_first_of("|&;<>()$`\\\"'*?[#~=%") != std::string::npos) return true;
  std::string program;
  std::istringstream(command) >> program;
  if (program.empty()) return false;
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access(folder.append("/").append(program).c_str(), X_OK) == 0) return true;
  return false;
}

// Reads from `input`. The signals that the tool ignores are the pager's own again.
std::optional<pid_t> spawn(const std::string& command, int input) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  for (const int number : {SIGPIPE, SIGXFSZ, SIGINT}) sigaddset(&usual, number);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::array<std::string, 3> words{"sh", "-c", command};
  std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t process = 0;
  const int failed = posix_spawn(&process, "/bin/sh", &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? std::optional(process) : std::nullopt;
}

}  // namespace

std::unique_ptr<Pager> Pager::start() {
  const std::string command = wanted_pager();
  if (command.empty() || !can_be_run(command)) return nullptr;
  // What fits on the screen is only printed, colours come through, and it stays on the screen.
  setenv("LESS", "FRX", 0);
  setenv("LV", "-c", 0);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return nullptr;
  end_status();
  const auto process = spawn(command, ends[0]);
  ::close(ends[0]);
  if (!process) {
    ::close(ends[1]);
    return nullptr;
  }
  // The key that interrupts is the pager's while it runs.
  std::signal(SIGINT, SIG_IGN);
  return std::unique_ptr<Pager>(new Pager(*process, ends[1]));
}

Pager::~Pager() {
  ::close(pipe_);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Pager::write(std::string_view text) {
  while (!text.empty() && !gone_) {
    const ssize_t wrote = ::write(pipe_, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    gone_ = wrote < 0;
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

}  // namespace tcpautopsy::cli
