// Which captures are pieces of one, cut by rotation: each set is a unit that is analysed by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/batch/inputs.h"

namespace tcpautopsy::batch {

enum class SetBy : std::uint8_t {
  Name,  // names that count or tell a time, as tcpdump -C, -G, -W, dumpcap and editcap give
  Time,  // files of one folder and link type that follow each other
  Dir,   // all of a folder, or of a folder in an archive
  None,
};

struct UnitPlan {
  std::string name;  // path of the first file
  std::vector<Scanned> files;
  bool merged = false;  // files overlap and are read together, by time
  std::uint64_t bytes = 0;
  // On several machines: which part of its connections is stored, by a hash of their ends.
  std::uint64_t part = 0, parts = 1;
};

// The parts of a rotated file's name that do not change, and how surely it is rotated.
struct RotatedName {
  std::string pattern;  // with # for a counter and @ for a time
  bool sure = false;    // no other than a capturing program gives such names
};
// None where the name (of the file alone, or with its folder) does not look rotated.
std::optional<RotatedName> rotated_name(std::string_view path);

// Whether the file's times must be known to its end to tell sets; only then is it worth reading it for that.
std::vector<bool> need_whole(const std::vector<Scanned>& captures, SetBy by);

// Ordered by name. Sets by name or time hold no files that overlap; files of a set follow each other by time.
std::vector<UnitPlan> plan_units(std::vector<Scanned> captures, SetBy by);

}  // namespace tcpautopsy::batch
