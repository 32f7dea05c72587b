// Wireshark's headers, and what differs between its releases told by its shape instead of its number.
#pragma once

#include <wireshark.h>
// The order of the others is theirs.
#include <cfile.h>
#include <epan/conversation_filter.h>
#include <epan/epan_dissect.h>
#include <epan/expert.h>
#include <epan/frame_data.h>
#include <epan/frame_data_sequence.h>
#include <epan/funnel.h>
#include <epan/packet.h>
#include <epan/packet_info.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/stat_tap_ui.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>
#include <ws_version.h>
#include <wsutil/report_message.h>

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace tcpautopsy::plugin {

// field_info holds its value in 4.0 and points to it later.
template <class Info>
std::uint32_t uint_value(Info& info) {
  if constexpr (std::is_pointer_v<decltype(info.value)>)
    return fvalue_get_uinteger(info.value);
  else
    return fvalue_get_uinteger(&info.value);
}

// gboolean in 4.0, bool later.
template <class R, class Module, class Text, class Value>
Value bool_preference_of(R (*)(Module, Text, Text, Text, Value*));
using BoolPreference = decltype(bool_preference_of(&prefs_register_bool_preference));

// By one call up to 4.4, by two later. Null where the frame has none of that name.
template <class Info>
tvbuff_t* data_source_named(Info* pinfo, const char* name) {
  if constexpr (requires { get_data_source_tvb_by_name(pinfo, name); }) {
    return get_data_source_tvb_by_name(pinfo, name);
  } else {
    auto* source = get_data_source_by_name(pinfo, name);
    return source == nullptr ? nullptr : get_data_source_tvb(source);
  }
}

// In our submenu of Statistics; from 4.4 on a separator of its own parts the names, which may hold a slash.
#ifdef STATS_TREE_MENU_SEPARATOR
#define TCPAUTOPSY_TREE_MENU(name) "TCP Autopsy" STATS_TREE_MENU_SEPARATOR name
#else
#define TCPAUTOPSY_TREE_MENU(name) "TCP Autopsy/" name
#endif

// Some callbacks return nothing in 4.0 and success later.
template <class R, class... A>
R result_of_callback(R (*)(A...));
using StatisticStarted = decltype(result_of_callback(static_cast<stat_tap_init_cb>(nullptr)));

// Wireshark's window, not tshark, whose text windows are its standard output.
inline bool has_window() {
  const funnel_ops_t* ops = funnel_get_funnel_ops();
  return ops != nullptr && ops->apply_filter != nullptr;
}

// Text that lives as long as the packet's dissection; it needs no destructor when epan jumps out.
inline const char* packet_text(packet_info* pinfo, std::string_view text) {
  return wmem_strndup(pinfo->pool, text.data(), text.size());
}

}  // namespace tcpautopsy::plugin
