#include <fmt/format.h>

#include <map>
#include <utility>

#include "analyzer/anonymize/frame_anonymizer.h"
#include "analyzer/capture/annotated_copy.h"
#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/stop_reading.h"
#include "cli/annotation.h"
#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/output.h"

namespace tcpautopsy::cli {
namespace {

// What the first pass found of a file that could be read.
struct Readable {
  std::optional<std::uint64_t> damaged_at;
};

void check(const Options& options) {
  if (options.output.empty()) throw UsageError{"annotate needs -o FILE (- for standard output)"};
  need_second_pass(options, "annotate");
}

class AnnotatedFiles {
 public:
  AnnotatedFiles(const Options& options, Annotation& annotation)
      : options_(options), annotation_(annotation), out_(options.output) {
    if (options.anonymize) anonymizer_.emplace(*options.anonymize);
  }

  void note(const CaptureInfo& info) { readable_.try_emplace(info.file); }
  void note(const Damage& damage) { readable_[damage.file].damaged_at = damage.offset; }

  void write() {
    section_ = annotation_.of_section();
    for (std::uint32_t file = 0; file < options_.files.size(); ++file) copy(file);
  }
  void close() {
    out_.close();
    if (options_.quiet) return;
    if (copied_.without_room > 0)
      say(fmt::format("note: comments of {} are left out: simple packet blocks have no room for any",
                      plural(copied_.without_room, "packet", "packets")));
    say(fmt::format("{} written to {}, {} with comments", plural(copied_.packets, "packet", "packets"),
                    options_.output, grouped(annotated_ - copied_.without_room)));
  }

 private:
  void copy(std::uint32_t file) {
    const auto found = readable_.find(options_.files[file]);
    if (found == readable_.end()) return;
    CopyComments comments;
    if (anonymizer_) comments.rewrite = [this](const Frame& frame) { return anonymizer_->of(frame); };
    comments.section = std::exchange(section_, {});
    comments.packet = [&](std::uint64_t number, std::vector<std::string>& added) {
      annotation_.of_packet(file, number, added);
      annotated_ += added.empty() ? 0 : 1;
      // Wireshark counts over all of them.
      if (!added.empty() && options_.files.size() > 1)
        added.insert(added.begin(), annotation_.place_text(file, number));
    };
    const Copied copied = copy_with_comments(found->first, &shelf_, found->second.damaged_at, comments,
                                             [this](std::string_view octets) { out_.write(octets); });
    copied_.packets += copied.packets;
    copied_.without_room += copied.without_room;
  }

  const Options& options_;
  Annotation& annotation_;
  Output out_;
  std::optional<FrameAnonymizer> anonymizer_;
  MemberShelf shelf_{options_.most_expansion};
  std::map<std::string, Readable> readable_;  // by name
  std::string section_;                       // still to be written
  Copied copied_;
  std::uint64_t annotated_ = 0;
};

}  // namespace

int run_annotate(const Options& options) {
  check(options);
  Annotation annotation(options);
  AnnotatedFiles files(options, annotation);
  CaptureRun capture(options);
  Handlers handlers;
  handlers.capture = [&](CaptureOverview& overview, TimeNs) {
    for (const CaptureInfo& info : overview.files) files.note(info);
  };
  handlers.damage = [&](const Damage& damage) { files.note(damage); };
  annotation.gather_by(handlers);
  capture.run(handlers);
  if (!capture.read_something() || reading_stopped()) return capture.nothing_found();
  annotation.conclude();
  files.write();
  if (reading_stopped()) return status_of_signal();
  files.close();
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli
