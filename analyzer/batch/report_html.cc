#include "analyzer/batch/heat_map.h"
#include "analyzer/batch/report.h"
#include "analyzer/report/html/page_document.h"

namespace tcpautopsy::batch {
namespace {

constexpr std::size_t kMostPlaces = 40;

void write_heat_map(JsonWriter& w, const HeatMap& map) {
  w.begin_object();
  w.field("by_day", map.by_day);
  w.field("places_left_out", map.places_left_out);
  w.key("slots");
  w.begin_array();
  for (const std::int64_t slot : map.slots) w.value(slot);
  w.end_array();
  w.key("places");
  w.begin_array();
  for (const std::string& place : map.places) w.value(place);
  w.end_array();
  w.objects("cells", map.cells, [&w](const HeatMap::Cell& cell) {
    w.field("slot", cell.slot);
    w.field("place", cell.place);
    w.field("incidents", cell.incidents);
    w.field("level", cell.level);
  });
  w.end_object();
}

}  // namespace

std::string report_html(Database& store, const Report& report) {
  std::string out;
  const PageDocument::Put put = [&out](std::string_view piece) { out += piece; };
  PageDocument page(put, "batch");
  page.member("batch", report_json(report));
  page.written("heat", [&](JsonWriter& w) { write_heat_map(w, make_heat_map(store, kMostPlaces)); });
  page.member("details", "{}");
  page.end();
  return out;
}

}  // namespace tcpautopsy::batch
