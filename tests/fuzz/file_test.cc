#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <string_view>

#include "analyzer/batch/plan_file.h"
#include "analyzer/batch/store.h"
#include "file_input.h"
#include "file_on_disk.h"

using namespace tcpautopsy;

namespace {

using Content = std::vector<std::uint8_t>;

Content content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::filesystem::path> files_of(const char* folder, std::string_view extension) {
  std::vector<std::filesystem::path> found;
  const auto top = std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / folder;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top))
    if (entry.path().extension() == extension) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

// What such files are made of at the edges, and any octet.
void change(Content& file, std::mt19937& random) {
  constexpr std::array<std::uint8_t, 10> kTelling{0, 1, 0x20, 0x2d, 0x2e, 0x30, 0x39, 0x7f, 0x80, 0xff};
  const auto below = [&](std::size_t bound) { return bound == 0 ? 0 : random() % bound; };
  if (file.empty()) return;
  const std::size_t at = below(file.size()), length = below(std::min<std::size_t>(64, file.size() - at));
  const auto place = file.begin() + static_cast<std::ptrdiff_t>(at);
  switch (below(5)) {
    case 0: *place = kTelling[below(kTelling.size())]; break;
    case 1: *place ^= static_cast<std::uint8_t>(1U << below(8)); break;
    case 2: file.erase(place, place + static_cast<std::ptrdiff_t>(length)); break;
    case 3: file.resize(at); break;
    default: {
      const Content stretch(place, place + static_cast<std::ptrdiff_t>(length));
      file.insert(file.begin() + static_cast<std::ptrdiff_t>(below(file.size())), stretch.begin(),
                  stretch.end());
    }
  }
}

void try_changed(const std::vector<Content>& seeds, unsigned rounds, void (*input)(Bytes)) {
  REQUIRE_FALSE(seeds.empty());
  std::mt19937 random(1);
  for (const Content& seed : seeds) input(seed);
  for (unsigned round = 0; round < rounds; ++round) {
    Content file = seeds[round % seeds.size()];
    for (unsigned changes = 1 + round % 6; changes > 0; --changes) change(file, random);
    INFO("round " << round);
    input(file);
  }
}

// Two captures in an archive, by libarchive itself.
Content archive_of(int (*format)(archive*), int (*filter)(archive*), const Content& capture) {
  Content out(1 << 20);
  std::size_t used = 0;
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), &archive_write_free);
  format(writer.get());
  filter(writer.get());
  archive_write_open_memory(writer.get(), out.data(), out.size(), &used);
  for (const char* name : {"day/a.pcap", "b.pcap"}) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         &archive_entry_free);
    archive_entry_set_pathname(entry.get(), name);
    archive_entry_set_size(entry.get(), static_cast<std::int64_t>(capture.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_write_header(writer.get(), entry.get());
    archive_write_data(writer.get(), capture.data(), capture.size());
  }
  archive_write_close(writer.get());
  out.resize(used);
  return out;
}

Content empty_store() {
  const fuzz::FileOnDisk disk("note", {});
  const std::string path = disk.folder() + "/store.db";
  { batch::Store store(path); }
  return content_of(path);
}

Content empty_plan() {
  const fuzz::FileOnDisk disk("note", {});
  batch::PlanFile plan(disk.folder(), batch::PlanFile::New{});
  plan.put(batch::Settings{}, 2);
  plan.close();
  return content_of(disk.folder() + "/plan.db");
}

}  // namespace

TEST_CASE("archives that are changed are read or refused") {
  Content capture = content_of(files_of("samples", ".pcap").front());
  capture.resize(std::min<std::size_t>(capture.size(), 600));
  try_changed({archive_of(&archive_write_set_format_ustar, &archive_write_add_filter_none, capture),
               archive_of(&archive_write_set_format_zip, &archive_write_add_filter_none, capture),
               archive_of(&archive_write_set_format_pax, &archive_write_add_filter_gzip, capture)},
              300, &fuzz::archive_input);
}

TEST_CASE("scripts that are changed are played or refused") {
  std::vector<Content> scripts;
  for (const auto& path : files_of("samples", ".tap")) scripts.push_back(content_of(path));
  try_changed(scripts, 60, &fuzz::script_input);
}

TEST_CASE("settings that are changed are taken or refused") {
  const std::string_view text =
      "# of this host\ntime_wait = 240\nsyn_flood.min_half_open = 200\n[port_scan]\nmin_targets = 20\n"
      "10.0.0.0/8\n2001:db8::/32\n3,5-10\n2024-05-01 10:00\n+10m\n90s\n512M\nESTABLISHED\n";
  try_changed({Content(text.begin(), text.end())}, 300, &fuzz::settings_input);
}

TEST_CASE("stores and plans that are changed are read or refused") {
  try_changed({empty_store(), empty_plan()}, 60, &fuzz::store_input);
}
