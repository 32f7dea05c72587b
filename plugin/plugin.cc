// What Wireshark loads: the plugin's registration and its callbacks.
#include <epan/plugin_if.h>
#include <wsutil/wslog.h>

#include <exception>
#include <utility>

#include "plugin/display.h"
#include "plugin/fields.h"
#include "plugin/menus.h"
#include "plugin/preferences.h"
#include "plugin/state.h"
#include "plugin/statistics.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {

State& state() {
  static State one;
  return one;
}

namespace {

gboolean apply_filter(gpointer filter) {
  const funnel_ops_t* ops = funnel_get_funnel_ops();
  ops->set_filter(ops->ops_id, static_cast<const char*>(filter));
  ops->apply_filter(ops->ops_id);
  g_free(filter);
  return G_SOURCE_REMOVE;
}

// The window decides which packets pass its filter while it reads them, by what is known then, and draws the
// rows of a live capture by it. Filtering draws all of them anew, by no filter too.
void filter_again() {
  if (!has_window()) return;
  const funnel_ops_t* ops = funnel_get_funnel_ops();
  const char* filter = ops->get_filter == nullptr ? nullptr : ops->get_filter(ops->ops_id);
  if (filter == nullptr) return;
  const bool ours = std::string_view(filter).find("tcpautopsy") != std::string_view::npos;
  if (ours || state().showed_provisional) g_idle_add(apply_filter, g_strdup(filter));
  state().showed_provisional = false;
}

}  // namespace

void say_failure(const char* what, const char* why) { ws_warning("TCP Autopsy, %s: %s", what, why); }

void finish_session() {
  if (!state().session || state().session->finished()) return;
  guarded("end of the capture", [] { state().session->finish(); });
  filter_again();
}

namespace {

// The time of capture, though the user may have shifted it since.
TimeNs time_of(const packet_info* pinfo) {
  nstime_t time = pinfo->fd->abs_ts;
  nstime_subtract(&time, &pinfo->fd->shift_offset);
  return static_cast<TimeNs>(time.secs) * kSecond + time.nsecs;
}

void* note_last_frame(capture_file* file, void*) {
  if (file->provider.frames == nullptr) return nullptr;
  std::uint32_t last = file->count;
  for (; last > 0; --last) {
    const frame_data* frame = frame_data_sequence_find(file->provider.frames, last);
    if (frame == nullptr || !frame->ignored) break;
  }
  state().last_to_come = last;
  return nullptr;
}

// Of a capture that is dissected anew the window knows all frames; those that are ignored do not come.
void look_ahead() {
  state().last_to_come = 0;
  if (has_window()) plugin_if_get_capture_file(note_last_frame, nullptr);
}

void begin_capture() {
  guarded("start of a capture", [] {
    State& s = state();
    s.session.reset();
    if (std::exchange(s.switched_off, false)) proto_set_decoding(s.protocol, TRUE);
    s.preferences = preferences();
    s.first_pass_over = false;
    look_ahead();
    if (!s.preferences.enabled) return;
    if (has_window())
      s.keep.ladders = s.keep.summary = true;
    else
      keep_taps_active();
    s.session = std::make_unique<Session>(s.preferences, s.keep);
  });
}

void end_capture() { state().session.reset(); }

// Before the first pass is over the states of a packet cost work: only where they are asked for.
bool someone_looks(const packet_info* pinfo, proto_tree* tree) {
  State& s = state();
  // It is registered when the first file is opened.
  if (s.expert_tap <= 0) s.expert_tap = find_tap_id("expert");
  if (tree != nullptr && proto_field_is_referenced(tree, s.protocol)) return true;
  if (s.expert_tap > 0 && have_tap_listener(s.expert_tap)) return true;
  return s.preferences.info_column && pinfo->cinfo != nullptr;
}

// Taps that are fed in the first pass are those of tshark reading once.
bool reads_once(packet_info* pinfo) {
  static const char mark = 0;
  const int tap = state().pass_tap;
  if (has_window()) return false;
  tap_queue_packet(tap, pinfo, &mark);
  return fetch_tapped_data(tap, 0) == &mark;
}

// tshark that reads once keeps no packet: what nobody asks of the first will not be asked of it later, and
// all the work would be for nothing.
void leave_out_what_nobody_wants(packet_info* pinfo, proto_tree* tree, bool looked_at) {
  State& s = state();
  if (s.session->last_frame() != 0 || !reads_once(pinfo)) return;
  if (tree == nullptr || !numbers_wanted(tree)) s.session->measure_nothing();
  if (looked_at || have_tap_listener(s.tap)) return;
  s.session.reset();
  // A protocol that is switched off is not even called.
  proto_set_decoding(s.protocol, FALSE);
  s.switched_off = true;
}

// Returns whether the packet is of a connection, or tells of one.
bool collect(tvbuff_t* tvb, packet_info* pinfo, bool looked_at) {
  bool ours = false;
  guarded("reading a packet", [&] {
    State& s = state();
    s.found.clear();
    s.reader.read(tvb, pinfo, s.session->decoder(), s.found);
    ours = s.session->feed(pinfo->num, time_of(pinfo), s.found, looked_at);
  });
  return ours;
}

const std::vector<Shown>* look(const packet_info* pinfo) {
  const std::vector<Shown>* shown = nullptr;
  guarded("looking up a packet", [&] { shown = &state().session->look(pinfo->num, time_of(pinfo)); });
  return shown;
}

// While a live capture goes on the window asks again for packets that were read: all it is told of them is by
// the packets so far.
const std::vector<Shown>* look_back(tvbuff_t* tvb, packet_info* pinfo) {
  const std::vector<Shown>* shown = nullptr;
  guarded("looking up a packet", [&] {
    State& s = state();
    s.found.clear();
    s.reader.read(tvb, pinfo, s.session->decoder(), s.found);
    shown = &s.session->look_back(pinfo->num, time_of(pinfo), s.found);
    s.showed_provisional = s.showed_provisional || !shown->empty();
  });
  return shown;
}

// Wireshark dissects all packets anew when preferences, times or marks change, and does not say when it is
// through. `this_is_one`: the packet is dissected as one of all.
void finish_if_all_are_read(bool this_is_one) {
  struct Reading {
    bool done = false, anew = false;
  } reading;
  if (state().session->finished() || !has_window()) return;
  plugin_if_get_capture_file(
      [](capture_file* file, void* data) -> void* {
        *static_cast<Reading*>(data) = {file->state == FILE_READ_DONE, bool(file->redissecting)};
        return nullptr;
      },
      &reading);
  if (reading.done && (this_is_one || !reading.anew)) finish_session();
}

// Nothing is concluded before somebody asks: of `tshark -2` it is not known by then what its second pass
// wants.
void end_first_pass() {
  state().first_pass_over = true;
  if (has_window()) finish_session();
}

int dissect(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  const State& s = state();
  if (!s.session) return 0;
  const bool looked_at = someone_looks(pinfo, tree);
  bool ours = false, first_time = false;
  if (!pinfo->fd->visited && !s.session->finished()) {
    wait_for_end_of_capture();
    guarded("start of a capture", [&] { leave_out_what_nobody_wants(pinfo, tree, looked_at); });
    if (!s.session) return 0;
    ours = collect(tvb, pinfo, looked_at);
    if (pinfo->num == s.last_to_come) finish_if_all_are_read(true);
    first_time = true;
  } else {
    finish_if_all_are_read(false);
    const bool tapped = have_tap_listener(s.tap) != 0;
    if (s.first_pass_over && (looked_at || tapped)) finish_session();
    ours = tapped && s.session->flow_of(pinfo->num).has_value();
  }
  const bool back = !first_time && !s.session->finished();
  const std::vector<Shown>* shown = !looked_at ? nullptr : back ? look_back(tvb, pinfo) : look(pinfo);
  if (shown != nullptr && !shown->empty()) show_packet(tvb, pinfo, tree, *s.session, *shown, s.preferences);
  if (ours) tap_queue_packet(s.tap, pinfo, nullptr);
  return static_cast<int>(tvb_captured_length(tvb));
}

void register_protocol() {
  State& s = state();
  s.protocol = register_display();
  register_preferences(s.protocol);
  s.dissector = create_dissector_handle(dissect, s.protocol);
  register_postdissector(s.dissector);
  s.tap = register_tap("tcpautopsy");
  s.pass_tap = register_tap("tcpautopsy_pass");
  register_statistics();
  register_menus();
  register_init_routine(begin_capture);
  register_cleanup_routine(end_capture);
  register_postseq_cleanup_routine(end_first_pass);
}

// All dissectors have registered by now.
void hand_off() { state().reader.find_protocols(); }

}  // namespace
}  // namespace tcpautopsy::plugin

extern "C" {

// A constant of C++ has internal linkage without `extern`.
WS_DLL_PUBLIC_DEF extern const gchar plugin_version[] = TCPAUTOPSY_VERSION;
WS_DLL_PUBLIC_DEF extern const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF extern const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC uint32_t plugin_describe(void);

WS_DLL_PUBLIC_DEF void plugin_register(void) {
  static proto_plugin plugin;
  plugin.register_protoinfo = tcpautopsy::plugin::register_protocol;
  plugin.register_handoff = tcpautopsy::plugin::hand_off;
  proto_register_plugin(&plugin);
}

// Asked for from 4.2 on, where the headers name the kind.
WS_DLL_PUBLIC_DEF uint32_t plugin_describe(void) {
#ifdef WS_PLUGIN_DESC_EPAN
  return WS_PLUGIN_DESC_EPAN;
#else
  return 0;
#endif
}
}
