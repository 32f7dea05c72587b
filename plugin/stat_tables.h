// What our tables of Wireshark's statistics share: cells, and packets that wait for the end of the capture.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "plugin/state.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {

// Packets that a statistic was given before the capture was concluded: counted when it is drawn.
using Waiting = std::vector<std::uint32_t>;

inline bool concluded() { return state().session && state().session->finished(); }

stat_tap_table_item_type text_item(std::string_view text);
stat_tap_table_item_type number_item(guint number);
void count_up(stat_tap_table* table, guint row, guint column);
void free_item(stat_tap_table* table, guint row, guint column, stat_tap_table_item_type* item);
// Of tables with so many columns, as Wireshark asks for it.
void empty_table(stat_tap_table* table, guint columns);

// A table of Tools > TCP Autopsy whose names and callbacks stand in `table`; it and `columns` live as long as
// the program.
void register_table(stat_tap_table_ui& table, std::span<stat_tap_table_item> columns);

inline stat_tap_table* table_of(const stat_tap_table_ui* ui) {
  return ui->tables == nullptr || ui->tables->len == 0 ? nullptr
                                                       : g_array_index(ui->tables, stat_tap_table*, 0);
}

template <class Own>
void start_table(std::map<stat_tap_table_ui*, Own>& all, stat_tap_table_ui* ui, guint columns) {
  all[ui] = Own();
  stat_tap_add_table(ui, stat_tap_init_table("", static_cast<int>(columns), 0, nullptr));
}

template <class Own>
void reset_table(std::map<stat_tap_table_ui*, Own>& all, stat_tap_table* table, guint columns) {
  for (auto& [ui, own] : all)
    if (table_of(ui) == table) own = Own();
  empty_table(table, columns);
}

// Before the capture has been read the packets wait: its findings are told at the end.
template <class Key, class Own>
tap_packet_status count_or_wait(std::map<Key, Own>& all, Key key, std::uint32_t frame,
                                void (*count)(Key, Own&, std::uint32_t)) {
  guarded("statistics", [&] {
    Own& own = all[key];
    if (concluded())
      count(key, own, frame);
    else
      own.waiting.push_back(frame);
  });
  return TAP_PACKET_REDRAW;
}

template <class Key, class Own>
void count_waiting(std::map<Key, Own>& all, void (*count)(Key, Own&, std::uint32_t)) {
  for (auto& [key, own] : all)
    for (const std::uint32_t frame : std::exchange(own.waiting, {})) count(key, own, frame);
}

}  // namespace tcpautopsy::plugin
