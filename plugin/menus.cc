#include "plugin/menus.h"

#include <epan/plugin_if.h>
#include <fmt/format.h>

#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/summary/summary_report.h"
#include "plugin/state.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {
namespace {

constexpr std::size_t kColumnsOfWindow = 66;
// The titles of its findings would not fit into that; the window can be made wider.
constexpr std::size_t kColumnsOfReport = 100;

void open_window(const char* title, const std::string& text) {
  const funnel_ops_t* ops = funnel_get_funnel_ops();
  if (ops == nullptr || ops->new_text_window == nullptr) return;
  funnel_text_window_t* window = ops->new_text_window(ops->ops_id, title);
  ops->set_text(window, text.c_str());
}

const char* kNoCapture = "No capture is open, or TCP Autopsy is switched off in its preferences.\n";

TextStyle window_style(std::size_t columns) {
  TextStyle style;
  style.width = columns;
  return style;
}

void show_report(void*) {
  guarded("report", [] {
    const Session* session = state().session.get();
    open_window("TCP Autopsy: report",
                session == nullptr || !session->finished()
                    ? kNoCapture
                    : summary_text(session->summary(), window_style(kColumnsOfReport)));
  });
}

std::string ladder_of(const Session& session, std::uint64_t flow) {
  if (const FlowResult* whole = session.whole(flow))
    return ladder_text(*whole, session.origin(whole->history.trace.encapsulation),
                       window_style(kColumnsOfWindow), {});
  return fmt::format(
      "The packets of connection {0} were not kept, the capture being large.\n\n"
      "  tcpautopsy history --flow {0} FILE\n\nshows it.\n",
      flow);
}

void explain_connection(void*) {
  guarded("explanation", [] {
    ws_info_t* selected = nullptr;
    plugin_if_get_ws_info(&selected);
    Session* session = state().session.get();
    if (session == nullptr || !session->finished() || selected == nullptr)
      return open_window("TCP Autopsy", kNoCapture);
    const auto flow = session->flow_of(selected->cf_framenr);
    if (!flow)
      return open_window("TCP Autopsy", "Select a TCP packet first: its connection will be explained.\n");
    const std::string title =
        fmt::format("TCP Autopsy: connection {} (packet {})", *flow, selected->cf_framenr);
    open_window(title.c_str(), ladder_of(*session, *flow));
  });
}

}  // namespace

void register_menus() {
  funnel_register_menu("TCP Autopsy/Report", REGISTER_TOOLS_GROUP_UNSORTED, show_report, nullptr, nullptr,
                       FALSE);
  funnel_register_menu("TCP Autopsy/Explain this connection", REGISTER_TOOLS_GROUP_UNSORTED,
                       explain_connection, nullptr, nullptr, FALSE);
}

}  // namespace tcpautopsy::plugin
