#include "tests/bench/capture_file.h"

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/bench/capture_writer.h"
#include "tests/bench/child.h"

namespace tcpautopsy::bench {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tcpautopsy-speed-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

CaptureFile::CaptureFile(const std::function<Traffic()>& make) : file_(folder_.path() / "capture.pcap") {
  std::istringstream sizes(apart([&] {
    Traffic traffic = make();
    write_capture(path(), traffic);
    return std::to_string(traffic.packets.size()) + ' ' + std::to_string(traffic.connections.size());
  }));
  sizes >> packets_ >> flows_;
  octets_ = std::filesystem::file_size(file_);
}

}  // namespace tcpautopsy::bench
