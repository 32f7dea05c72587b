// What a run reads is never overwritten by what it writes.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <utility>

namespace tcpautopsy::cli {

struct Options;

// Where writing to a name leads.
struct Target {
  std::string path;      // behind all links, whether there is such a file or not
  bool replaced = true;  // false: a device, a pipe or an open file, which is written as it is
};
Target target_of(const std::string& path);

// Compares files by what they are, not by how they are spelled: device and inode, or of a file that is not
// there yet those of its folder, and its name.
class OverwriteGuard {
 public:
  // `what` goes before the name: "the input". "-" is standard input. A member of an archive stands for the
  // archive.
  void reads(const std::string& path, const std::string& what);
  // A store, with what SQLite puts beside it.
  void reads_store(const std::string& path, const std::string& what);
  // Throws UsageError naming both if it is something that is read or another output; "" and "-" are standard
  // output.
  void writes(const std::string& path, const std::string& what);

 private:
  struct Identity {
    unsigned long long device = 0, inode = 0;
    std::string name;  // in the folder of that inode, where there is no file yet
    auto operator<=>(const Identity&) const = default;
  };
  struct Use {
    std::string what, path;
  };
  static bool identify(const std::string& path, bool standard, int fd, Identity& identity);
  void put(const std::string& path, const std::string& what);

  std::map<Identity, Use> used_;
};

// With all that the command line names. Throws UsageError as `writes` does.
OverwriteGuard guard_of(const Options& options);

}  // namespace tcpautopsy::cli
