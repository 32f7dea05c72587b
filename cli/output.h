// Where results and messages go.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/capture/whole_file.h"
#include "analyzer/report/text/text.h"
#include "cli/options.h"
#include "cli/pager.h"

namespace tcpautopsy::cli {

// Nobody reads any more (`| head`): the command ends quietly.
struct ReaderGone {};
// The result cannot be written.
struct OutputError {
  std::string message;
};

// The result: standard output or -o FILE, buffered. A file appears, or is replaced, only by close(); devices,
// pipes and open files (/dev/stdout) are written as they are. Throws ReaderGone and OutputError.
class Output {
 public:
  explicit Output(const std::string& path);
  // As the options say. What people read on a terminal goes through their pager, unless it is told while
  // reading.
  explicit Output(const Options& options);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  void line(std::string_view text);
  // To be called when all is written, and only if the work was done: without it a file stays as it was.
  void close();
  bool terminal() const;

 private:
  void flush();
  void write_through(std::string_view text);

  void start_pager();

  int fd_ = 1;
  bool paged_ = false;  // and the pager is still to be started
  std::unique_ptr<Pager> pager_;
  bool own_ = false;  // `fd_` is to be closed
  std::optional<WholeFile> file_;
  std::string name_ = "standard output", buffer_;
};

TextStyle text_style(const Options& options, const Output& output);

// For a --flow that names none of the capture's.
std::string no_such_flow(std::uint64_t flows);

// "tcpautopsy: ..." on standard error, safe to print.
void say(std::string_view message);

}  // namespace tcpautopsy::cli
