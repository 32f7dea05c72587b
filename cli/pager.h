// What people page through long text with, as git does it: $PAGER, else less.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace tcpautopsy::cli {

class Pager {
 public:
  // Null where none is wanted (PAGER empty or cat, a dumb terminal) or there is none to be run.
  static std::unique_ptr<Pager> start();
  ~Pager();  // waits until the reader is done
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  // Into nothing once the reader has quit.
  void write(std::string_view text);

 private:
  Pager(pid_t process, int pipe) : process_(process), pipe_(pipe) {}

  pid_t process_;
  int pipe_;
  bool gone_ = false;
};

}  // namespace tcpautopsy::cli
