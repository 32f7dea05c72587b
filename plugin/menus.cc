#include "plugin/menus.h"

#include <epan/plugin_if.h>
#include <fmt/format.h>

#include <optional>
#include <type_traits>

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

void go_to_flow(std::uint64_t flow) {
  const FlowCard* card = state().session->book().flow(flow);
  if (card == nullptr)
    return open_window("TCP Autopsy", fmt::format("The capture has no connection {}.\n", flow));
  const funnel_ops_t* ops = funnel_get_funnel_ops();
  ops->set_filter(ops->ops_id, fmt::format("tcpautopsy.flow == {}", flow).c_str());
  ops->apply_filter(ops->ops_id);
  plugin_if_goto_frame(static_cast<guint32>(card->first_frame));
}

// Wireshark hands the words over.
void take_number(gchar** words, void*) {
  guarded("go to a connection", [words] {
    char* end = nullptr;
    const std::uint64_t flow = words[0] == nullptr ? 0 : g_ascii_strtoull(words[0], &end, 10);
    const bool number = end != nullptr && end != words[0] && *end == '\0';
    if (state().session == nullptr || !state().session->finished())
      open_window("TCP Autopsy", kNoCapture);
    else if (number)
      go_to_flow(flow);
    else
      open_window("TCP Autopsy", "A number was expected: that of a row in the table of connections.\n");
  });
  g_strfreev(words);
}

// Offers the selected packet's connection.
void ask_for_connection(void*) {
  const funnel_ops_t* ops = funnel_get_funnel_ops();
  if (ops == nullptr || ops->new_dialog == nullptr) return;
  guarded("go to a connection", [ops] {
    ws_info_t* selected = nullptr;
    plugin_if_get_ws_info(&selected);
    Session* session = state().session.get();
    const auto flow =
        session == nullptr || selected == nullptr ? std::nullopt : session->flow_of(selected->cf_framenr);
    const std::string offered = std::to_string(flow.value_or(0));
    const gchar* names[] = {"Flow", nullptr};
    const gchar* values[] = {offered.c_str(), nullptr};
    ops->new_dialog(ops->ops_id, "TCP Autopsy: go to a connection", names, values, take_number, nullptr,
                    nullptr);
  });
}

// Of the packet that is selected; before all is read its number is known, too.
std::optional<std::uint64_t> flow_of(const packet_info* pinfo) {
  std::optional<std::uint64_t> flow;
  guarded("conversation filter", [&] {
    if (state().session) flow = state().session->flow_of(pinfo->num);
  });
  return flow;
}

// From 4.2 on they are handed a pointer of ours, too.
template <class F>
struct ConversationFilter;
template <class R, class... More>
struct ConversationFilter<R (*)(packet_info*, More...)> {
  static R valid(packet_info* pinfo, More...) { return flow_of(pinfo).has_value(); }
  static R text(packet_info* pinfo, More...) {
    return g_strdup(fmt::format("tcpautopsy.flow == {}", flow_of(pinfo).value_or(0)).c_str());
  }
};

template <class Add>
void add_conversation_filter(Add add) {
  const auto valid = &ConversationFilter<is_filter_valid_func>::valid;
  const auto text = &ConversationFilter<build_filter_string_func>::text;
  if constexpr (std::is_invocable_v<Add, const char*, const char*, decltype(valid), decltype(text)>)
    add("tcpautopsy", "TCP Autopsy flow", valid, text);
  else
    add("tcpautopsy", "TCP Autopsy flow", valid, text, nullptr);
}

}  // namespace

void register_menus() {
  funnel_register_menu("TCP Autopsy/Report", REGISTER_TOOLS_GROUP_UNSORTED, show_report, nullptr, nullptr,
                       FALSE);
  funnel_register_menu("TCP Autopsy/Explain this connection", REGISTER_TOOLS_GROUP_UNSORTED,
                       explain_connection, nullptr, nullptr, FALSE);
  funnel_register_menu("TCP Autopsy/Go to a connection", REGISTER_TOOLS_GROUP_UNSORTED, ask_for_connection,
                       nullptr, nullptr, FALSE);
  add_conversation_filter(&register_conversation_filter);
}

}  // namespace tcpautopsy::plugin
