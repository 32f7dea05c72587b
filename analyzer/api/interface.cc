// What is exported.
#include <stdexcept>
#include <utility>

#include "analyzer/api/run.h"
#include "analyzer/api/settings.h"
#include "tcpautopsy/tcpautopsy.h"

namespace tcpautopsy::v1 {

const char* library_version() noexcept { return TCPAUTOPSY_VERSION; }

Error::Error(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
Error::~Error() = default;

// Its place within an exported class would export it.
struct __attribute__((visibility("hidden"))) Analysis::State {
  Options options;
  AnalysisOptions settings;
  Callbacks callbacks;
  bool ran = false;
};

Analysis::Analysis(Options options) : state_(std::make_unique<State>()) {
  state_->settings = settings_of(options);
  state_->options = std::move(options);
}
Analysis::~Analysis() = default;
Analysis::Analysis(Analysis&&) noexcept = default;
Analysis& Analysis::operator=(Analysis&&) noexcept = default;

void Analysis::on_flow(std::function<void(const Flow&)> callback) {
  state_->callbacks.flow = std::move(callback);
}

void Analysis::on_progress(std::function<bool(std::uint64_t)> callback) {
  state_->callbacks.progress = std::move(callback);
}

void Analysis::add_detector(Detector detector) {
  check(detector, state_->callbacks.detectors);
  state_->callbacks.detectors.push_back(std::move(detector));
}

void Analysis::set_stream_reader(StreamReader* reader) { state_->callbacks.stream = reader; }

Result Analysis::run() {
  if (std::exchange(state_->ran, true)) throw std::logic_error("an analysis runs once");
  return Run(state_->options, state_->settings, state_->callbacks).all();
}

}  // namespace tcpautopsy::v1
