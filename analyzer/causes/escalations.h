// Which causes are one fault met in earnest, and met less: so that a fault that grew is not taken for a new
// one.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace tcpautopsy {

struct Escalation {
  std::string_view graver;
  std::vector<std::string_view> milder;  // the nearest first
};

// Each milder form is one that the graver explains (relations.h).
std::span<const Escalation> escalations();

// Of the cause `id`: what it was called when it was met less, and what it is called when it is met more.
std::vector<std::string_view> milder_forms(std::string_view id);
std::vector<std::string_view> graver_forms(std::string_view id);

}  // namespace tcpautopsy
