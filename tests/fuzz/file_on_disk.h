// An input as a file, for what opens files by name.
#pragma once

#include <filesystem>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::fuzz {

// In a folder of its own, which goes with it. Throws std::runtime_error where that cannot be written.
class FileOnDisk {
 public:
  FileOnDisk(const char* name, Bytes content);
  ~FileOnDisk();
  FileOnDisk(const FileOnDisk&) = delete;
  FileOnDisk& operator=(const FileOnDisk&) = delete;

  std::string path() const { return file_.string(); }
  std::string folder() const { return file_.parent_path().string(); }

 private:
  std::filesystem::path file_;
};

}  // namespace tcpautopsy::fuzz
