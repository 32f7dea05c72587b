#include "cli/overwriting.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>

#include "analyzer/capture/archive_reader.h"
#include "cli/options.h"

namespace tcpautopsy::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel follows

// Links of /proc (also /dev/stdout) lead to open files, which may have no name at all.
bool leads_to_open_file(const fs::path& link) {
  struct statfs system {};
  const fs::path folder = link.has_parent_path() ? link.parent_path() : ".";
  return ::statfs(folder.c_str(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

void read_plan(OverwriteGuard& guard, const std::string& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    // The logs of jobs lie beside the stores, and are where their standard output goes.
    if (name == "plan.db" || (name.starts_with("shard-") && name.ends_with(".db")))
      guard.reads_store(at->path().string(), "part of the plan:");
  }
}

}  // namespace

Target target_of(const std::string& path) {
  fs::path at(path);
  std::error_code error;
  for (int links = 0; links < kMostLinks && fs::is_symlink(fs::symlink_status(at, error)); ++links) {
    if (leads_to_open_file(at)) return {at.string(), false};
    at = folder_of(at) / fs::read_symlink(at, error);
    if (error) break;
  }
  const fs::file_type type = fs::symlink_status(at, error).type();
  return {at.string(), type == fs::file_type::regular || type == fs::file_type::not_found};
}

bool OverwriteGuard::identify(const std::string& path, bool standard, int fd, Identity& identity) {
  struct stat status {};
  const auto known = [&](std::string name) {
    identity = {status.st_dev, status.st_ino, std::move(name)};
    return true;
  };
  if (standard) return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && known("");
  if (::stat(path.c_str(), &status) == 0) return S_ISREG(status.st_mode) && known("");
  const fs::path missing = target_of(path).path;
  return ::stat(folder_of(missing).c_str(), &status) == 0 && known(missing.filename().string());
}

void OverwriteGuard::put(const std::string& path, const std::string& what) {
  Identity identity;
  if (identify(path, path == "-", STDIN_FILENO, identity)) used_.try_emplace(identity, Use{what, path});
}

void OverwriteGuard::reads(const std::string& path, const std::string& what) {
  MemberPath member;
  put(split_member_path(path, member) ? member.archive : path, what);
}

void OverwriteGuard::reads_store(const std::string& path, const std::string& what) {
  put(path, what);
  for (const char* beside : {"-journal", "-wal", "-shm"}) put(path + beside, what);
}

void OverwriteGuard::writes(const std::string& path, const std::string& what) {
  Identity identity;
  const bool standard = path.empty() || path == "-";
  if (!identify(path, standard, STDOUT_FILENO, identity)) return;
  const auto [at, fresh] = used_.try_emplace(identity, Use{what, path});
  if (!fresh)
    throw UsageError{fmt::format("{} is {} {}, which is not overwritten",
                                 standard ? std::string("standard output") : what + " " + path,
                                 at->second.what, at->second.path)};
}

OverwriteGuard guard_of(const Options& options) {
  OverwriteGuard guard;
  const BatchOptions& batch = options.batch;
  for (const std::string& file : options.files) {
    guard.reads(file, "the input");
    guard.reads_store(file, "the input");
  }
  for (const std::string& file : options.also_read) guard.reads_store(file, "the input");
  if (!batch.baseline.empty()) guard.reads_store(batch.baseline, "the baseline");
  if (!batch.plan.empty()) read_plan(guard, batch.plan);
  if (!batch.store.empty()) {
    guard.writes(batch.store, "--out");
    guard.reads_store(batch.store, "the store");
  }
  if (!batch.report.empty()) guard.writes(batch.report, "--report");
  guard.writes(options.output, "-o");
  return guard;
}

}  // namespace tcpautopsy::cli
