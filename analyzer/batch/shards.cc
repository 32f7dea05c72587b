#include "analyzer/batch/shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "analyzer/batch/plan_file.h"
#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy::batch {
namespace {

namespace fs = std::filesystem;

// What goes to one shard as a whole: a unit, a part of one, or the units of one archive.
struct Item {
  std::vector<std::size_t> units;
  std::uint64_t part = 0, parts = 1;
  std::uint64_t weight = 0;
};

std::vector<Item> items_of(const Plan& plan, std::uint64_t shards) {
  const std::uint64_t most = std::max<std::uint64_t>(1, (plan.bytes() + shards - 1) / shards);
  std::map<std::string, Item> archives;
  std::vector<Item> items;
  for (std::size_t i = 0; i < plan.units.size(); ++i) {
    const UnitPlan& unit = plan.units[i];
    const std::string& archive = unit.files.front().archive;
    const std::uint64_t parts = std::min<std::uint64_t>(shards, (unit.bytes + most - 1) / most);
    if (parts > 1) {
      for (std::uint64_t part = 0; part < parts; ++part)
        items.push_back({{i}, part, parts, unit.bytes / parts});
    } else if (archive.empty() || archives[archive].weight + unit.bytes > most) {
      items.push_back({{i}, 0, 1, unit.bytes});
    } else {
      archives[archive].units.push_back(i);
      archives[archive].weight += unit.bytes;
    }
  }
  for (auto& [archive, item] : archives)
    if (!item.units.empty()) items.push_back(std::move(item));
  // A file costs something however small it is.
  for (Item& item : items) item.weight += item.units.size() * 4096;
  return items;
}

// The heaviest first, each to the shard that has least.
std::vector<std::vector<Item>> deal(std::vector<Item> items, std::uint64_t shards) {
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.weight > b.weight; });
  std::vector<std::vector<Item>> dealt(shards);
  std::vector<std::uint64_t> load(shards);
  for (Item& item : items) {
    // Two parts of one capture on one machine would only read it twice.
    const auto taken = [&](std::size_t shard) {
      return item.parts > 1 && std::any_of(dealt[shard].begin(), dealt[shard].end(),
                                           [&](const Item& other) { return other.units == item.units; });
    };
    std::size_t least = shards;
    for (std::size_t shard = 0; shard < shards; ++shard)
      if (!taken(shard) && (least == shards || load[shard] < load[least])) least = shard;
    load[least] += item.weight;
    dealt[least].push_back(std::move(item));
  }
  return dealt;
}

std::string store_of(const std::string& folder, std::uint64_t shard) {
  return (fs::path(folder) / fmt::format("shard-{:06}.db", shard)).string();
}

bool finished(const std::string& path, const std::string& print) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return false;
  Database database(path, Database::Access::Read);
  if (!database.number("SELECT 1 FROM sqlite_master WHERE name = 'meta'")) return false;
  Statement row = database.prepare("SELECT 1 FROM meta WHERE key = 'finished' AND value = ?");
  return row.with(std::string_view(print)).step();
}

void require_finished(const std::string& folder, const ShardWork& work) {
  std::string missing;
  std::uint64_t count = 0;
  for (std::uint64_t shard = 0; shard < work.shards; ++shard) {
    if (finished(store_of(folder, shard), work.print)) continue;
    if (++count <= 10) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", shard);
  }
  if (count > 0)
    throw StoreError(fmt::format("{}: {} of {} shards not finished: {}{}", folder, count, work.shards,
                                 missing, count > 10 ? ", ..." : ""));
}

// A store is made aside: whoever reads the one there is meanwhile, or ends this, finds it whole.
class Aside {
 public:
  explicit Aside(const std::string& store) : store_(store), path_(store + ".merging") {
    remove();
    std::error_code error;
    if (!fs::exists(store, error)) return;
    Store old(store);  // nobody else writes to it now
    fs::copy_file(store, path_, error);
    if (!error) return;
    remove();
    throw StoreError(path_ + ": " + error.message());
  }
  ~Aside() { remove(); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  const std::string& path() const { return path_; }
  void take_place() const {
    std::error_code error;
    fs::rename(path_, store_, error);
    if (error) throw StoreError(store_ + ": " + error.message());
  }

 private:
  void remove() const {
    std::error_code ignored;
    for (const char* part : {"", "-journal", "-wal"}) fs::remove(path_ + part, ignored);
  }

  std::string store_, path_;
};

void take(Database& into, const std::string& from) {
  into.attach(from, "shard");
  {
    Transaction transaction(into);
    for (const char* table : {"units", "files", "flows", "findings", "incidents"})
      into.execute(fmt::format("INSERT OR IGNORE INTO {0} SELECT * FROM shard.{0}", table));
    transaction.commit();
  }
  into.execute("DETACH shard");
}

}  // namespace

void write_shards(const Plan& plan, const Settings& settings, std::uint64_t shards,
                  const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw StoreError(folder + ": " + error.message());
  PlanFile file(folder, PlanFile::New{});
  file.put(settings, shards);
  file.put(plan.unread, plan.archives);
  const auto dealt = deal(items_of(plan, shards), shards);
  for (std::uint64_t shard = 0; shard < shards; ++shard)
    for (const Item& item : dealt[shard])
      for (const std::size_t unit : item.units) file.put(shard, plan.units[unit], item.part, item.parts);
  file.close();
}

ShardWork read_shard(const std::string& folder, std::uint64_t shard) {
  PlanFile file(folder);
  ShardWork work = file.head();
  if (shard >= work.shards) throw StoreError(fmt::format("{}: has shards 0 to {}", folder, work.shards - 1));
  work.plan.units = file.units(shard);
  return work;
}

Outcome run_shard(const ShardWork& work, const std::string& folder, std::uint64_t shard, unsigned jobs,
                  Progress& progress) {
  const std::string path = store_of(folder, shard);
  {
    // Left from another plan.
    std::error_code ignored;
    bool stale = false;
    if (fs::exists(path, ignored)) {
      Store store(path);
      Statement row = store.database().prepare("SELECT 1 FROM meta WHERE key = 'plan' AND value <> ?");
      stale = row.with(std::string_view(work.print)).step();
    }
    if (stale) fs::remove(path, ignored);
  }
  Store store(path);
  store.set_meta({{"plan", work.print}});
  const Outcome outcome = run_plan(work.plan, work.settings, store, jobs, progress);
  if (progress.units_done == outcome.units) store.set_meta({{"finished", work.print}});
  return outcome;
}

void merge_shards(const std::string& folder, const std::string& path) {
  PlanFile file(folder);
  const ShardWork work = file.head();
  require_finished(folder, work);
  const Aside aside(path);
  {
    Store store(aside.path());
    std::vector<Scanned> files;
    for (const UnitPlan& unit : file.units(std::nullopt))
      files.insert(files.end(), unit.files.begin(), unit.files.end());
    store.forget(files);
    store.start({{"settings", settings_text(work.settings)}, {"filter", work.settings.filter}},
                work.plan.unread, work.plan.archives);
    for (std::uint64_t shard = 0; shard < work.shards; ++shard) {
      if (reading_stopped()) throw StoreError(path + ": stopped; the store is as it was");
      take(store.database(), store_of(folder, shard));
    }
  }
  aside.take_place();
}

}  // namespace tcpautopsy::batch
