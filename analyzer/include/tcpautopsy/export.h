/// @file
/// What of the library other programs see: names of namespace tcpautopsy that are marked here, and no others.
#pragma once

/// Marks what the library exports.
#define TCPAUTOPSY_API __attribute__((visibility("default")))

/// TCP post-mortems of packet captures.
namespace tcpautopsy {
/// Of this binary interface; its names are those of namespace tcpautopsy.
namespace v1 {}
#ifndef TCPAUTOPSY_BUILDING_LIBRARY
using namespace v1;
#endif
}  // namespace tcpautopsy
