#include "analyzer/batch/unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyzer/batch/unit_rows.h"
#include "analyzer/capture/capture_set.h"
#include "analyzer/flow/flow_key.h"
#include "analyzer/hosts/keys.h"

namespace tcpautopsy::batch {
namespace {

constexpr std::uint64_t kProgressStep = 4096;

std::uint64_t hash_of_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xCBF29CE484222325U ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return mix(hash);
}

std::string threshold_text(const Thresholds& thresholds) {
  std::string text;
  for (const auto& [name, value] : thresholds.all())
    text += fmt::format(" {}.{}={}", name.first, name.second, value);
  return text;
}

// One unit under way.
class UnitRun {
 public:
  UnitRun(const UnitPlan& unit, const Settings& settings, MemberShelf& shelf, Progress& progress)
      : unit_(unit), settings_(settings), shelf_(shelf), progress_(progress), rows_(paths_) {
    for (const Scanned& file : unit.files) paths_.push_back(file.path);
    result_.files.resize(paths_.size());
  }

  UnitResult run() {
    try {
      read();
    } catch (const CaptureError& error) {
      // None of the files can be read.
      for (std::size_t i = 0; i < paths_.size(); ++i) fail(i, error.what());
    }
    return std::move(result_);
  }

 private:
  void read() {
    CaptureGroup group{{}, unit_.merged};
    for (std::size_t i = 0; i < paths_.size(); ++i) group.files.push_back(i);
    GroupReader reader(group, paths_, settings_.filter, shelf_);
    AnalysisOptions options;
    options.profile = settings_.profile;
    options.thresholds = settings_.thresholds;
    options.bounds = settings_.bounds;
    if (settings_.anonymize)
      options.stands_for = [cipher = std::make_shared<AddressCipher>(*settings_.anonymize)](
                               const IpAddress& address) { return cipher->of(address); };
    Analysis analysis(options, [&](const FlowResult& flow) {
      rows_.note(flow);
      if (!ours(flow.history.trace)) return;
      rows_.add(flow, analysis_->encapsulation(flow.history.trace.encapsulation));
      progress_.flows.fetch_add(1, std::memory_order_relaxed);
      progress_.findings.fetch_add(flow.findings.size(), std::memory_order_relaxed);
    });
    analysis_ = &analysis;
    Frame frame;
    std::uint32_t file = 0;
    std::uint64_t told = 0, packets = 0;
    while (reader.next(frame, file)) {
      analysis.add(frame, file);
      if (++packets - told >= kProgressStep)
        progress_.packets.fetch_add(packets - std::exchange(told, packets));
    }
    progress_.packets.fetch_add(packets - told);
    finish(reader, analysis);
  }

  void finish(const GroupReader& reader, Analysis& analysis) {
    const std::vector<CaptureInfo> infos = reader.infos();
    if (const auto end = stated_end(infos)) analysis.set_capture_end(*end);
    analysis.finish();
    std::map<std::string_view, std::size_t> rank;
    for (std::size_t i = 0; i < paths_.size(); ++i) rank.emplace(paths_[i], i);
    for (const CaptureInfo& info : infos) note(info, result_.files[rank.at(info.file)]);
    for (const InputError& error : reader.errors()) fail(error.file, error.message);
    for (const Damage& damage : reader.damages()) {
      FileFacts& file = result_.files[rank.at(damage.file)];
      file.state = result_.state = "damaged";
      file.error = fmt::format("damaged at byte offset {}, after packet {}: {}", damage.offset, damage.packet,
                               damage.reason);
    }
    const DecodeCounts& decoded = analysis.decoded();
    result_.tcp_packets = decoded.tcp;
    result_.malformed = decoded.malformed;
    result_.unknown_link_type = decoded.unknown_link_type;
    result_.duplicates = analysis.facts().copies_dropped;
    result_.flow_count = analysis.facts().flows;
    for (const LimitMet& limit : analysis.limits())
      if (limit.count > 0)
        result_.limits += fmt::format("{}{} {}", result_.limits.empty() ? "" : ", ", limit.name, limit.count);
    if (result_.packets > 0) result_.end_ns = analysis.capture_end_ns();
    progress_.findings.fetch_add(analysis.capture_findings().size());
    rows_.finish(analysis.capture_findings(), unit_.part == 0, result_);
  }

  // Whose part it is does not hang on who was client, nor on VLAN and tunnel.
  bool ours(const FlowTrace& trace) const {
    if (unit_.parts == 1) return true;
    const std::uint64_t ends =
        key_hash(trace.facts(Side::A).address) + key_hash(trace.facts(Side::B).address);
    return mix(ends) % unit_.parts == unit_.part;
  }

  void note(const CaptureInfo& info, FileFacts& file) {
    file.format = info.format;
    for (const int type : info.link_types)
      file.link_types += fmt::format("{}{}", file.link_types.empty() ? "" : ",", type);
    file.packets = info.packets;
    file.first_ns = info.first_ns;
    file.last_ns = info.last_ns;
    file.dropped = info.dropped;
    result_.packets += info.packets;
    result_.filtered_out += info.filtered_out;
    result_.cut_packets += info.cut_packets;
    if (info.dropped) result_.dropped = result_.dropped.value_or(0) + *info.dropped;
    if (info.first_ns) result_.first_ns = std::min(result_.first_ns.value_or(*info.first_ns), *info.first_ns);
    if (info.last_ns) result_.last_ns = std::max(result_.last_ns.value_or(*info.last_ns), *info.last_ns);
  }

  void fail(std::size_t i, const std::string& message) {
    const std::string lead = paths_[i] + ": ";
    result_.files[i].state = "failed";
    result_.files[i].error = message.starts_with(lead) ? message.substr(lead.size()) : message;
    result_.state = paths_.size() > 1 && result_.packets > 0 ? "damaged" : "failed";
  }

  const UnitPlan& unit_;
  const Settings& settings_;
  MemberShelf& shelf_;
  Progress& progress_;
  std::vector<std::string> paths_;
  UnitRows rows_;
  Analysis* analysis_ = nullptr;
  UnitResult result_;
};

}  // namespace

std::int64_t unit_number(const std::string& name) {
  return static_cast<std::int64_t>(hash_of_text(name, 0) >> 2);
}

std::string settings_text(const Settings& settings) {
  std::string numbers;
  for (const ProfileNumber& number : profile_numbers())
    numbers += fmt::format(" {}", number.of(settings.profile).value_or(-1));
  std::string bounds;
  for (const BoundNumber& bound : bound_numbers())
    if (settings.bounds.*bound.member != Bounds().*bound.member)
      bounds += fmt::format(" {} {}", bound.name, settings.bounds.*bound.member);
  const std::string expansion =
      settings.most_expansion == kUsualExpansion ? "" : fmt::format(" expansion {}", settings.most_expansion);
  const std::string rest = fmt::format("profile {}{} thresholds{}{}{}", settings.profile.name, numbers,
                                       threshold_text(settings.thresholds), expansion, bounds);
  if (settings.anonymize) return fmt::format("anonymized {} {}", settings.anonymize->check(), rest);
  return fmt::format("filter '{}' {}", settings.filter, rest);
}

std::string fingerprint(const UnitPlan& unit, const Settings& settings) {
  std::string text = settings_text(settings) + (unit.merged ? "\nmerged" : "");
  if (settings.anonymize) text += "\n" + settings.filter + settings.anonymize->seed();
  for (const Scanned& file : unit.files)
    text += fmt::format("\n{}\n{} {}", file.path, file.size, file.mtime_ns);
  return fingerprint_of(text);
}

std::string fingerprint_of(std::string_view text) {
  return fmt::format("{:016x}{:016x}", hash_of_text(text, 1), hash_of_text(text, 2));
}

UnitResult analyse_unit(const UnitPlan& unit, const Settings& settings, MemberShelf& shelf,
                        Progress& progress) {
  return UnitRun(unit, settings, shelf, progress).run();
}

}  // namespace tcpautopsy::batch
