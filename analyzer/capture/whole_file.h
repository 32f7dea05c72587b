// A file that takes its place only when it is whole.
#pragma once

#include <string>
#include <string_view>

namespace tcpautopsy {

// What is written has no name yet where the file system can do that (a killed process leaves nothing), else a
// temporary one in the same folder. commit() puts it in the place of `path` at one stroke; without that it is
// gone, and what was at `path` stays as it was. Owner and mode of a file that is replaced are kept; where
// `path` is a link, the link is replaced. All functions throw std::system_error, its message naming the file.
class WholeFile {
 public:
  // The folder must be there, and a file that is there must be writable: who may not write into it may not
  // replace it.
  explicit WholeFile(std::string path);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  // Not buffered.
  void write(std::string_view octets);
  // To be called once, when all is written.
  void commit();

 private:
  void open_without_name();
  void open_beside();
  void give_name();
  void take_over_rights();
  std::string next_name();

  std::string path_, folder_, name_;  // `name_`: the temporary one, empty while there is none
  int fd_ = -1;
};

}  // namespace tcpautopsy
