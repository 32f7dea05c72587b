// The catalogue of findings, findings.md, from the detectors themselves.
#pragma once

#include <string>

namespace tcpautopsy {

// The rules for all, then a table a phase: id, scope, severity, said when.
std::string catalogue_markdown();

}  // namespace tcpautopsy
