// Captures on disk for as long as they are measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "tests/bench/profiles.h"

namespace tcpautopsy::bench {

// Goes with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();  // in TMPDIR, or /tmp; throws std::runtime_error
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class CaptureFile {
 public:
  // `make` runs in a process of its own.
  explicit CaptureFile(const std::function<Traffic()>& make);

  std::string path() const { return file_.string(); }
  std::uint64_t packets() const { return packets_; }
  std::uint64_t flows() const { return flows_; }
  std::uint64_t octets() const { return octets_; }

 private:
  TemporaryFolder folder_;
  std::filesystem::path file_;
  std::uint64_t packets_ = 0, flows_ = 0, octets_ = 0;
};

}  // namespace tcpautopsy::bench
