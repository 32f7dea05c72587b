#include "file_on_disk.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace tcpautopsy::fuzz {

FileOnDisk::FileOnDisk(const char* name, Bytes content) {
  std::string folder = (std::filesystem::temp_directory_path() / "tcpautopsy-fuzz-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make " + folder);
  file_ = std::filesystem::path(folder) / name;
  std::ofstream out(file_, std::ios::binary);
  out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path());
}

FileOnDisk::~FileOnDisk() {
  std::error_code ignored;
  std::filesystem::remove_all(file_.parent_path(), ignored);
}

}  // namespace tcpautopsy::fuzz
