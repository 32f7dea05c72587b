#include "tests/bench/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace tcpautopsy::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void nothing(int descriptor) {
    posix_spawn_file_actions_addopen(&actions_, descriptor, "/dev/null", O_RDWR, 0);
  }
  void copy(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

pid_t start(const Command& command, const FileActions& files) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, arguments[0], files.get(), nullptr, arguments.data(), environ) != 0)
    throw std::runtime_error("cannot run " + command[0]);
  return child;
}

Used wait_for(pid_t child) {
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) throw std::runtime_error("a child is lost");
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) throw std::runtime_error("interrupted");
  Used used;
  used.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  used.peak_octets = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  used.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return used;
}

// Hands over what comes until the other end is closed.
void drain(int descriptor, const std::function<void(std::string_view)>& take) {
  std::array<char, 65'536> block;
  for (ssize_t got = 0; (got = read(descriptor, block.data(), block.size())) > 0;)
    take({block.data(), static_cast<std::size_t>(got)});
  close(descriptor);
}

struct Pipe {
  int out = -1, in = -1;
};
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {ends[0], ends[1]};
}

[[noreturn]] void work_and_leave(const std::function<std::string()>& work, int in) {
  std::signal(SIGINT, SIG_DFL);
  int status = 1;
  try {
    const std::string words = work();
    if (write(in, words.data(), words.size()) == static_cast<ssize_t>(words.size())) status = 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  _exit(status);
}

}  // namespace

void leave_interrupts_to_children() {
  std::signal(SIGINT, [](int) {});
}

Used run(const Command& command) {
  FileActions files;
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) files.nothing(descriptor);
  return wait_for(start(command, files));
}

Printed count_lines(const Command& command) {
  const Pipe pipe = make_pipe();
  FileActions files;
  files.nothing(STDIN_FILENO);
  files.copy(pipe.in, STDOUT_FILENO);
  const pid_t child = start(command, files);
  close(pipe.in);
  Printed printed;
  drain(pipe.out, [&](std::string_view text) {
    printed.lines += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  });
  printed.status = wait_for(child).status;
  return printed;
}

std::string apart(const std::function<std::string()>& work) {
  const Pipe pipe = make_pipe();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) work_and_leave(work, pipe.in);
  close(pipe.in);
  std::string words;
  drain(pipe.out, [&](std::string_view text) { words += text; });
  if (wait_for(child).status != 0) throw std::runtime_error("a child failed");
  return words;
}

bool installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + '/' + program).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace tcpautopsy::bench
