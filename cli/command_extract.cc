#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "analyzer/anonymize/frame_anonymizer.h"
#include "analyzer/capture/pcapng_writer.h"
#include "cli/annotation.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace tcpautopsy::cli {
namespace {

void check(const Options& options) {
  const Selection& wanted = options.selection;
  if (options.output.empty()) throw UsageError{"extract needs -o FILE (- for standard output)"};
  if (wanted.wants_all())
    throw UsageError{"extract needs --flow N, or --host, --port, --finding, --severity, --since, --until"};
  if (options.annotate) return need_second_pass(options, "extract --annotate");
  const bool once = std::find(options.files.begin(), options.files.end(), "-") != options.files.end();
  if (once && !wanted.by_number_only())
    throw UsageError{"standard input can be read once only: choose its flows by --flow"};
}

using Numbers = std::unordered_set<std::uint64_t>;

// Which flows are wanted, where numbers alone do not tell, and what is to be written beside their packets: a
// pass over the files of its own.
void run_first_pass(const Options& options, Numbers* chosen, Annotation* annotation) {
  CaptureRun first_pass(options);
  Handlers handlers;
  handlers.flow = [&](const FlowResult& flow, const FlowContext&) {
    if (chosen != nullptr) chosen->insert(flow.history.trace.number);
  };
  if (annotation != nullptr) annotation->gather_by(handlers);
  first_pass.run(handlers);
  if (annotation != nullptr) annotation->conclude();
}

// Writes frames with the comments that they are to carry.
class ExtractWriter {
 public:
  ExtractWriter(const Options& options, Annotation* annotation)
      : annotation_(annotation),
        out_(options.output),
        writer_(blocks_, annotation == nullptr ? "" : annotation->of_section()) {
    if (options.anonymize) anonymizer_.emplace(*options.anonymize);
  }

  void write(const Frame& read, std::uint32_t file) {
    std::vector<std::string> comments;
    Frame frame = anonymizer_ ? anonymizer_->of(read) : read;
    if (annotation_ != nullptr) {
      comments.push_back(annotation_->place_text(file, frame.number));
      annotation_->of_packet(file, frame.number, comments);
      frame.comments.insert(frame.comments.end(), comments.begin(), comments.end());
    }
    writer_.write(frame, file);
    out_.write(blocks_);
    blocks_.clear();
    ++written_;
  }
  void close() { out_.close(); }
  std::uint64_t written() const { return written_; }

 private:
  Annotation* annotation_;  // may be null
  Output out_;
  std::optional<FrameAnonymizer> anonymizer_;
  std::string blocks_;
  PcapngWriter writer_;
  std::uint64_t written_ = 0;
};

}  // namespace

int run_extract(const Options& options) {
  check(options);
  const bool by_number = options.selection.by_number_only();
  Numbers chosen;
  std::optional<Annotation> annotation;
  if (options.annotate) annotation.emplace(options);
  if (!by_number || annotation)
    run_first_pass(options, by_number ? nullptr : &chosen, annotation ? &*annotation : nullptr);
  ExtractWriter writer(options, annotation ? &*annotation : nullptr);
  CaptureRun capture(options);
  Handlers handlers;
  handlers.frame = [&](const Frame& frame, std::uint32_t rank, std::optional<std::uint64_t> flow) {
    if (flow && (by_number ? options.selection.wants_number(*flow) : chosen.contains(*flow)))
      writer.write(frame, rank);
  };
  capture.run(handlers);
  if (writer.written() == 0) {
    if (capture.read_something()) say("no packet belongs to the flows asked for; nothing was written");
    return capture.nothing_found();
  }
  writer.close();
  if (!options.quiet)
    say(fmt::format("{} written to {}", plural(writer.written(), "packet", "packets"), options.output));
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli
