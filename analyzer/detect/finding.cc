#include "analyzer/detect/finding.h"

namespace tcpautopsy {

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::Info: return "info";
    case Severity::Note: return "note";
    case Severity::Warning: return "warning";
    case Severity::Error: return "error";
  }
  return "";
}

std::string_view name(Scope scope) {
  switch (scope) {
    case Scope::Flow: return "flow";
    case Scope::Host: return "host";
    case Scope::Capture: return "capture";
  }
  return "";
}

std::string_view name(Certainty certainty) {
  switch (certainty) {
    case Certainty::Possible: return "possible";
    case Certainty::Likely: return "likely";
    case Certainty::Certain: return "certain";
  }
  return "";
}

}  // namespace tcpautopsy
