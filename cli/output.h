// Where results and messages go.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/report/text/text.h"
#include "cli/options.h"

namespace tcpautopsy::cli {

// Nobody reads any more (`| head`): the command ends quietly.
struct ReaderGone {};
// The result cannot be written.
struct OutputError {
  std::string message;
};

// The result: standard output or -o FILE, buffered. Throws ReaderGone and OutputError.
class Output {
 public:
  explicit Output(const std::string& path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  void line(std::string_view text);
  // To be called when all is written: what the destructor cannot write it cannot report.
  void close();
  bool terminal() const;

 private:
  void flush();

  int fd_ = 1;
  bool own_ = false;
  std::string name_ = "standard output", buffer_;
};

TextStyle text_style(const Options& options, const Output& output);

// For a --flow that names none of the capture's.
std::string no_such_flow(std::uint64_t flows);

// "tcpautopsy: ..." on standard error, safe to print.
void say(std::string_view message);

}  // namespace tcpautopsy::cli
