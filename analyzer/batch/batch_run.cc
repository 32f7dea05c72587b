#include "analyzer/batch/batch_run.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <thread>

#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy::batch {
namespace {

// Runs `work(i)` for each i below `count`, on as many threads, until reading is stopped; the first exception
// stops all and is thrown.
void side_by_side(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count && !stop && !reading_stopped(); i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        stop = true;
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < jobs && i < count; ++i) threads.emplace_back(loop);
  loop();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

void sort_out(const FoundFile& file, ScanResult&& result, Plan& plan, std::vector<Scanned>& captures) {
  ArchiveFacts archive{file.path, result.error, file.size, file.mtime_ns, 0, 0};
  for (Scanned& found : result.found) {
    if (found.kind == Kind::Capture) {
      ++archive.captures;
      captures.push_back(std::move(found));
    } else {
      ++archive.others;
      plan.unread.push_back(std::move(found));
    }
  }
  if (!result.archive) return;
  if (!result.error.empty()) {
    Scanned broken;
    broken.path = file.path;
    broken.size = file.size;
    broken.mtime_ns = file.mtime_ns;
    broken.kind = Kind::Broken;
    broken.reason = result.error;
    plan.unread.push_back(std::move(broken));
  }
  plan.archives.push_back(std::move(archive));
}

std::vector<ScanResult> scan_all(const std::vector<FoundFile>& files, const Settings& settings, Store* store,
                                 unsigned jobs, Progress& progress) {
  std::vector<ScanResult> results(files.size());
  std::vector<std::size_t> fresh;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto known = store != nullptr ? store->known(files[i]) : std::nullopt;
    if (known) {
      results[i].archive = known->size() != 1 || !known->front().archive.empty();
      results[i].found = std::move(*known);
      ++progress.files_scanned;
    } else {
      fresh.push_back(i);
    }
  }
  side_by_side(fresh.size(), jobs, [&](std::size_t k) {
    results[fresh[k]] = scan(files[fresh[k]], false, settings.most_expansion);
    ++progress.files_scanned;
  });
  return results;
}

// Reads to their end those captures whose times decide what is one set.
void complete(std::vector<Scanned>& captures, const Settings& settings, unsigned jobs) {
  const std::vector<bool> needed = need_whole(captures, settings.set_by);
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < captures.size(); ++i)
    if (needed[i] && captures[i].archive.empty()) wanted.push_back(i);
  side_by_side(wanted.size(), jobs, [&](std::size_t k) {
    Scanned& capture = captures[wanted[k]];
    ScanResult again =
        scan({capture.path, capture.size, capture.mtime_ns, true}, true, settings.most_expansion);
    if (again.found.size() == 1 && again.found.front().kind == Kind::Capture)
      capture = std::move(again.found.front());
  });
}

// Units whose first files lie in one archive go together: one pass through it serves them all.
std::vector<std::vector<std::size_t>> bundles_of(const std::vector<UnitPlan>& units,
                                                 const std::vector<std::size_t>& wanted) {
  std::vector<std::vector<std::size_t>> bundles;
  std::map<std::string, std::size_t> of_archive;
  for (const std::size_t i : wanted) {
    const std::string& archive = units[i].files.front().archive;
    if (archive.empty()) {
      bundles.push_back({i});
      continue;
    }
    const auto [at, fresh] = of_archive.try_emplace(archive, bundles.size());
    if (fresh) bundles.emplace_back();
    bundles[at->second].push_back(i);
  }
  for (auto& bundle : bundles)
    std::stable_sort(bundle.begin(), bundle.end(), [&](std::size_t a, std::size_t b) {
      return units[a].files.front().place < units[b].files.front().place;
    });
  // The largest first, that none is left alone at the end.
  const auto bytes = [&](const std::vector<std::size_t>& bundle) {
    std::uint64_t sum = 0;
    for (const std::size_t i : bundle) sum += units[i].bytes;
    return sum;
  };
  std::vector<std::pair<std::uint64_t, std::vector<std::size_t>>> weighed;
  weighed.reserve(bundles.size());
  for (auto& bundle : bundles) weighed.emplace_back(bytes(bundle), std::move(bundle));
  std::stable_sort(weighed.begin(), weighed.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::vector<std::size_t>> sorted;
  sorted.reserve(weighed.size());
  for (auto& [weight, bundle] : weighed) sorted.push_back(std::move(bundle));
  return sorted;
}

void keep_what_is_done(Store& store) {
  try {
    store.commit();
  } catch (const StoreError&) {
    // It is the store that failed, and what has stopped the run says so.
  }
}

void analyse(const UnitPlan& unit, const std::string& print, const Settings& settings, MemberShelf& shelf,
             Store& store, Progress& progress) {
  UnitResult result = analyse_unit(unit, settings, shelf, progress);
  if (reading_stopped()) return;  // half a unit is none
  const bool whole = result.state == "done";
  store.put(unit, print, std::move(result));
  ++progress.units_done;
  progress.files_done += unit.files.size();
  progress.bytes_done += unit.bytes;
  if (!whole) ++progress.errors;
}

}  // namespace

std::uint64_t Plan::files() const {
  std::uint64_t sum = 0;
  for (const UnitPlan& unit : units) sum += unit.files.size();
  return sum;
}

std::uint64_t Plan::bytes() const {
  std::uint64_t sum = 0;
  for (const UnitPlan& unit : units) sum += unit.bytes;
  return sum;
}

std::uint64_t Plan::broken() const {
  return static_cast<std::uint64_t>(std::count_if(
      unread.begin(), unread.end(), [](const Scanned& file) { return file.kind == Kind::Broken; }));
}

Plan make_plan(const std::vector<std::string>& names, const Settings& settings, Store* store, unsigned jobs,
               Progress& progress) {
  Found found = find_files(names);
  progress.files_found = found.files.size();
  if (store != nullptr) store->forget_gone();
  std::vector<ScanResult> results = scan_all(found.files, settings, store, jobs, progress);
  Plan plan;
  std::vector<Scanned> captures;
  for (std::size_t i = 0; i < results.size(); ++i)
    sort_out(found.files[i], std::move(results[i]), plan, captures);
  for (Missing& missing : found.missing) {
    if (missing.absent) {
      plan.absent.push_back(std::move(missing));
      continue;
    }
    Scanned broken;
    broken.path = std::move(missing.path);
    broken.kind = Kind::Broken;
    broken.reason = std::move(missing.reason);
    plan.unread.push_back(std::move(broken));
  }
  complete(captures, settings, jobs);
  plan.units = plan_units(std::move(captures), settings.set_by);
  return plan;
}

Outcome run_plan(const Plan& plan, const Settings& settings, Store& store, unsigned jobs,
                 Progress& progress) {
  Outcome outcome;
  std::vector<std::string> prints;
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < plan.units.size(); ++i) {
    prints.push_back(fingerprint(plan.units[i], settings));
    if (store.has(plan.units[i], prints.back())) {
      ++outcome.units_skipped;
      continue;
    }
    wanted.push_back(i);
    progress.files += plan.units[i].files.size();
    progress.bytes += plan.units[i].bytes;
  }
  outcome.units = progress.units = wanted.size();
  progress.errors += plan.broken();
  progress.planned = true;
  store.start({{"settings", settings_text(settings)}, {"filter", settings.filter}}, plan.unread,
              plan.archives);
  const auto bundles = bundles_of(plan.units, wanted);
  if (jobs > 1) store.write_beside();
  try {
    side_by_side(bundles.size(), jobs, [&](std::size_t k) {
      MemberShelf shelf(settings.most_expansion);
      for (const std::size_t i : bundles[k])
        analyse(plan.units[i], prints[i], settings, shelf, store, progress);
    });
  } catch (...) {
    keep_what_is_done(store);
    throw;
  }
  store.commit();
  return outcome;
}

}  // namespace tcpautopsy::batch
