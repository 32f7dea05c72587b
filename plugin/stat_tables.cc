#include "plugin/stat_tables.h"

namespace tcpautopsy::plugin {

stat_tap_table_item_type text_item(std::string_view text) {
  stat_tap_table_item_type item{};
  item.type = TABLE_ITEM_STRING;
  item.value.string_value = g_strndup(text.data(), text.size());
  return item;
}

stat_tap_table_item_type number_item(guint number) {
  stat_tap_table_item_type item{};
  item.type = TABLE_ITEM_UINT;
  item.value.uint_value = number;
  return item;
}

void count_up(stat_tap_table* table, guint row, guint column) {
  stat_tap_table_item_type* item = stat_tap_get_field_data(table, row, column);
  ++item->value.uint_value;
  stat_tap_set_field_data(table, row, column, item);
}

void free_item(stat_tap_table*, guint, guint, stat_tap_table_item_type* item) {
  if (item->type != TABLE_ITEM_STRING) return;
  g_free(const_cast<char*>(item->value.string_value));
  item->type = TABLE_ITEM_NONE;
}

void empty_table(stat_tap_table* table, guint columns) {
  for (guint row = 0; row < table->num_elements; ++row) {
    for (guint column = 0; column < columns; ++column)
      free_item(table, row, column, stat_tap_get_field_data(table, row, column));
    g_free(table->elements[row]);
  }
  table->num_elements = 0;
}

void register_table(stat_tap_table_ui& table, std::span<stat_tap_table_item> columns) {
  static tap_param parameters[] = {{PARAM_FILTER, "filter", "Filter", nullptr, TRUE}};
  // A table stands in a submenu only under Tools.
  table.group = REGISTER_TOOLS_GROUP_UNSORTED;
  table.tap_name = "tcpautopsy";
  table.stat_tap_free_table_item_cb = free_item;
  table.nfields = columns.size();
  table.fields = columns.data();
  table.nparams = array_length(parameters);
  table.params = parameters;
  register_stat_tap_table_ui(&table);
}

}  // namespace tcpautopsy::plugin
