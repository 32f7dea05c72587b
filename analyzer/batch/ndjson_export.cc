#include "analyzer/batch/ndjson_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <vector>

#include "analyzer/capture/whole_file.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy::batch {
namespace {

namespace fs = std::filesystem;

class LineFile {
 public:
  explicit LineFile(const fs::path& path) : file_(in_folder(path)) {}

  void line(std::string_view text) {
    held_.append(text) += '\n';
    if (held_.size() >= kBuffer) flush();
  }
  void close() {
    flush();
    file_.commit();
  }

 private:
  static constexpr std::size_t kBuffer = 1 << 16;

  static std::string in_folder(const fs::path& path) {
    fs::create_directories(path.parent_path());
    return path.string();
  }
  void flush() {
    file_.write(held_);
    held_.clear();
  }

  WholeFile file_;
  std::string held_;
};

// The records of one unit and table, day by day; rows come by time.
void write_days(Database& store, std::int64_t unit, std::string_view table, std::string_view time,
                const fs::path& folder, std::vector<std::string>& written) {
  Statement rows =
      store.prepare(fmt::format("SELECT {0}, record FROM {1} WHERE unit = ? ORDER BY {0}", time, table));
  rows.with(unit);
  std::string day;
  std::optional<LineFile> file;
  while (rows.step()) {
    const std::string of = rfc3339(rows.integer(0)).substr(0, 10);
    if (of != day) {
      if (file) file->close();
      const fs::path path = fs::path(table) / ("day=" + of) / fmt::format("{:016x}.ndjson", unit);
      file.emplace(folder / path);
      written.push_back(path.string());
      day = of;
    }
    file->line(rows.text_view(1));
  }
  if (file) file->close();
}

void remove_listed(const fs::path& folder, const fs::path& list) {
  std::ifstream lines(list);
  std::error_code ignored;
  for (std::string line; std::getline(lines, line);) fs::remove(folder / line, ignored);
}

}  // namespace

void export_ndjson(Database& store, const std::string& folder) {
  const fs::path root(folder), marks = root / "_units";
  std::error_code error;
  fs::create_directories(marks, error);
  if (error) throw StoreError(folder + ": " + error.message());
  // One file a unit says what was written for it, and from which state of the unit.
  std::set<std::string> current;
  Statement units = store.prepare("SELECT unit, fingerprint FROM units ORDER BY unit");
  while (units.step()) {
    const std::int64_t unit = units.integer(0);
    const std::string name = fmt::format("{:016x}-{}", unit, units.text(1));
    current.insert(name);
    if (fs::exists(marks / name, error)) continue;
    std::vector<std::string> written;
    write_days(store, unit, "flows", "first_ns", root, written);
    write_days(store, unit, "findings", "time_ns", root, written);
    write_days(store, unit, "incidents", "first_ns", root, written);
    for (const auto& old : fs::directory_iterator(marks)) {
      if (!old.path().filename().string().starts_with(name.substr(0, 17))) continue;
      std::ifstream lines(old.path());
      for (std::string line; std::getline(lines, line);)
        if (std::find(written.begin(), written.end(), line) == written.end()) fs::remove(root / line, error);
      fs::remove(old.path(), error);
    }
    LineFile mark(marks / name);
    for (const std::string& path : written) mark.line(path);
    mark.close();
  }
  for (const auto& mark : fs::directory_iterator(marks)) {
    if (current.count(mark.path().filename().string()) != 0) continue;
    remove_listed(root, mark.path());
    fs::remove(mark.path(), error);
  }
}

}  // namespace tcpautopsy::batch
