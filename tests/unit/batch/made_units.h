// Units that no capture is behind, and a folder for their store.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "analyzer/batch/unit.h"

namespace tcpautopsy::batch {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tcpautopsy-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline UnitPlan unit_of(std::vector<std::string> paths) {
  UnitPlan unit;
  for (const std::string& path : paths) {
    Scanned file;
    file.path = path;
    file.size = 100;
    file.mtime_ns = 7;
    file.kind = Kind::Capture;
    unit.files.push_back(file);
  }
  unit.name = paths.front();
  return unit;
}

inline UnitResult result_of(const UnitPlan& unit) {
  UnitResult result;
  result.files.resize(unit.files.size());
  for (FileFacts& file : result.files) {
    file.format = "pcap";
    file.link_types = "1";
    file.first_ns = 1;
    file.last_ns = 2;
  }
  return result;
}

}  // namespace tcpautopsy::batch
