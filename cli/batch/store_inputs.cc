#include "cli/batch/store_inputs.h"

#include <fmt/format.h>

#include <filesystem>

#include "analyzer/batch/store.h"

namespace tcpautopsy::cli {

void resolve_store_input(Options& options) {
  std::error_code ignored;
  for (const std::string& name : options.files) {
    const std::size_t mark = name.find('#');
    if (mark == std::string::npos || std::filesystem::exists(name, ignored)) continue;
    const std::string store = name.substr(0, mark), file = name.substr(mark + 1);
    if (!std::filesystem::is_regular_file(store, ignored)) continue;
    if (options.files.size() != 1) throw UsageError{"STORE#FILE stands alone: it is a whole capture"};
    batch::Database database(store, batch::Database::Access::Read);
    batch::check_version(database);
    std::vector<std::string> files = batch::files_of_unit(database, file, options.merge);
    if (files.empty()) throw UsageError{fmt::format("{} has no file {}", store, file)};
    options.files = std::move(files);
    options.also_read.push_back(store);
    options.one_capture = true;
    return;
  }
}

}  // namespace tcpautopsy::cli
