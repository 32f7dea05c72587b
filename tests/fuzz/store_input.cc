#include "analyzer/batch/database.h"
#include "analyzer/batch/plan_file.h"
#include "analyzer/batch/report.h"
#include "analyzer/batch/store.h"
#include "file_input.h"
#include "file_on_disk.h"

namespace tcpautopsy::fuzz {
namespace {

void report_on(const std::string& path) {
  try {
    batch::Database store(path, batch::Database::Access::Read);
    batch::check_version(store);
    const batch::Report report = batch::make_report(store, path, 5);
    batch::report_text(report, {});
    batch::report_markdown(report);
    batch::report_json(report);
    batch::report_html(store, report);
  } catch (const batch::StoreError&) {
    return;
  }
}

void read_plan(const std::string& folder) {
  try {
    batch::PlanFile plan(folder);
    plan.head();
    plan.units(std::nullopt);
  } catch (const batch::StoreError&) {
    return;
  }
}

}  // namespace

void store_input(Bytes file) {
  const FileOnDisk disk("plan.db", file);
  report_on(disk.path());
  read_plan(disk.folder());
}

}  // namespace tcpautopsy::fuzz
