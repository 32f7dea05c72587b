#include "plugin/display.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/report/ladder/packet_notes.h"
#include "analyzer/report/text/names.h"
#include "analyzer/report/text/text.h"
#include "plugin/fields.h"

namespace tcpautopsy::plugin {
namespace {

constexpr std::size_t kSeverities = 4;

// A finding is told about in the expert information once, at its first packet, in a group of its own: one
// for each severity that it may have, since Wireshark has one severity a group.
struct Expert {
  std::string name, title;
  expert_field field = EI_INIT;
};
using Experts = std::map<std::pair<std::string_view, Severity>, Expert>;

Experts& experts() {
  static Experts all;
  return all;
}

const Fields*& fields() {
  static const Fields* all = nullptr;
  return all;
}

int expert_severity(Severity severity) {
  switch (severity) {
    case Severity::Info: return PI_CHAT;
    case Severity::Note: return PI_NOTE;
    case Severity::Warning: return PI_WARN;
    case Severity::Error: return PI_ERROR;
  }
  return PI_ERROR;
}

const char* end_name(const FlowCard& flow, Side side) { return side == flow.client ? "client" : "server"; }

// Adds generated items for one packet. All text is the packet's, so that epan may jump out of any call.
class Writer {
 public:
  Writer(tvbuff_t* tvb, packet_info* pinfo, const Session& session)
      : tvb_(tvb), pinfo_(pinfo), session_(session), f_(*fields()) {}

  void packet(proto_tree* tree, const Shown& shown);
  void expert(const Shown& shown);

 private:
  const char* text(std::string_view s) const { return packet_text(pinfo_, s); }
  proto_item* add_text(proto_tree* tree, int field, std::string_view value) {
    proto_item* item = proto_tree_add_string(tree, field, tvb_, 0, 0, text(value));
    proto_item_set_generated(item);
    return item;
  }
  // Hidden: for filters and graphs only, since the words beside it say the same.
  void add_number(proto_tree* tree, int field, std::uint32_t value, bool hidden = false) {
    proto_item* item = proto_tree_add_uint(tree, field, tvb_, 0, 0, value);
    proto_item_set_generated(item);
    if (hidden) proto_item_set_hidden(item);
  }
  void flow(proto_tree* tree, const Shown& shown);
  void error(proto_tree* tree, const Shown& shown);
  void numbers(proto_tree* tree, const Shown& shown);
  void end(proto_tree* tree, const Shown& shown, Side side);
  void change(proto_tree* tree, const FlowCard& flow, const PacketChange& change);
  void explain(proto_tree* tree, int field, std::string_view words);
  void finding(proto_tree* tree, const FlowCard& flow, const Finding& finding);
  void incident(proto_tree* tree, const Finding& finding);
  const char* change_text(const FlowCard& flow, const PacketChange& change) const;

  tvbuff_t* tvb_;
  packet_info* pinfo_;
  const Session& session_;
  const Fields& f_;
  proto_item* top_ = nullptr;
};

void Writer::flow(proto_tree* tree, const Shown& shown) {
  const FlowCard& flow = *shown.view.flow;
  proto_item_set_generated(proto_tree_add_uint64(tree, f_.flow, tvb_, 0, 0, flow.number));
  add_number(tree, f_.incarnation, flow.incarnation);
  if (shown.sender) add_text(tree, f_.sender, end_name(flow, *shown.sender));
  add_text(tree, f_.phase, name(shown.view.phase));
  proto_item_set_generated(
      proto_tree_add_boolean(tree, f_.provisional, tvb_, 0, 0, shown.provisional ? 1 : 0));
}

// Of the first errors of a connection the analysis tells more than which end they speak to.
void Writer::error(proto_tree* tree, const Shown& shown) {
  if (!shown.told) return;
  const FlowCard::Error* error = shown.view.error;
  proto_tree* sub = tree;
  if (error != nullptr) sub = proto_item_add_subtree(add_text(tree, f_.icmp, error->text), f_.icmp_tree);
  add_text(sub, f_.icmp_endpoint, end_name(*shown.view.flow, *shown.told));
  if (error != nullptr && error->quoted_frame != 0) add_number(sub, f_.icmp_quoted, error->quoted_frame);
}

void Writer::end(proto_tree* tree, const Shown& shown, Side side) {
  const FlowCard& flow = *shown.view.flow;
  const bool client = side == flow.client;
  const EndFields& f = client ? f_.client : f_.server;
  const TcpState after = shown.view.after[index(side)], before = shown.view.before[index(side)];
  proto_item* item = add_text(tree, f.state, name(after));
  add_number(tree, f_.any_state, static_cast<std::uint32_t>(after), true);
  proto_tree* sub = proto_item_add_subtree(item, f_.end_tree);
  add_text(sub, f.before, name(before));
  if (before != after) proto_item_append_text(item, ", before %s", text(name(before)));
  if (const PacketChange* known = shown.view.known_by[index(side)]) {
    add_text(sub, f.basis, name(known->basis));
    if (known->frame != 0) add_number(sub, f.since, known->frame);
    proto_item_append_text(item, " (%s)", text(name(known->basis)));
  }
  const StateSet possible = shown.view.possible[index(side)];
  if (possible.empty() || (possible.single() && possible.has(after))) return;
  for (unsigned s = 0; s < kStateCount; ++s) {
    const auto state = static_cast<TcpState>(s);
    if (possible.has(state)) add_text(sub, f.possible, name(state));
  }
  proto_item_append_text(item, ", possible %s", text(to_string(possible)));
}

void Writer::numbers(proto_tree* tree, const Shown& shown) {
  const Numbers& n = shown.numbers;
  if (!n.any || !shown.sender) return;
  const bool by_client = *shown.sender == shown.view.flow->client;
  const EndFields& sender = by_client ? f_.client : f_.server;
  if (n.rtt_ns >= 0) {
    const nstime_t rtt = NSTIME_INIT_SECS_NSECS(n.rtt_ns / kSecond, static_cast<int>(n.rtt_ns % kSecond));
    proto_item_set_generated(proto_tree_add_time(tree, sender.rtt, tvb_, 0, 0, &rtt));
  }
  add_number(tree, (by_client == n.of_sender ? f_.client : f_.server).in_flight, n.in_flight);
  if (n.window != Numbers::kUnknown) add_number(tree, sender.window, n.window);
}

const char* Writer::change_text(const FlowCard& flow, const PacketChange& change) const {
  return wmem_strdup_printf(pinfo_->pool, "%s %s > %s", end_name(flow, change.side), text(name(change.from)),
                            text(name(change.to)));
}

void Writer::change(proto_tree* tree, const FlowCard& flow, const PacketChange& change) {
  proto_item* item = proto_tree_add_string(tree, f_.change, tvb_, 0, 0, change_text(flow, change));
  proto_item_set_generated(item);
  proto_item_append_text(item, " (%s)", text(name(change.basis)));
  proto_tree* sub = proto_item_add_subtree(item, f_.change_tree);
  add_text(sub, f_.change_endpoint, end_name(flow, change.side));
  add_text(sub, f_.basis, name(change.basis));
  const auto& [cause, rfc] = session_.book().cause(change);
  add_text(sub, f_.cause, cause);
  if (!rfc.empty()) add_text(sub, f_.rfc, rfc);
  if (change.proved_by != 0) add_number(sub, f_.proved_by, change.proved_by);
}

// A line of the tree holds 240 octets: longer words take several.
void Writer::explain(proto_tree* tree, int field, std::string_view words) {
  constexpr std::size_t kLine = 180;
  wmem_list_t* lines = wmem_list_new(pinfo_->pool);
  for (const std::string& line : wrapped(words, kLine))
    wmem_list_append(lines, const_cast<char*>(text(line)));
  for (wmem_list_frame_t* l = wmem_list_head(lines); l != nullptr; l = wmem_list_frame_next(l))
    add_text(tree, field, static_cast<const char*>(wmem_list_frame_data(l)));
}

void Writer::finding(proto_tree* tree, const FlowCard& flow, const Finding& finding) {
  proto_item* item = add_text(tree, f_.finding, finding.id);
  proto_item_append_text(item, " (%s): %s", text(name(finding.severity)), text(finding.summary));
  proto_tree* sub = proto_item_add_subtree(item, f_.finding_tree);
  add_text(sub, f_.severity, name(finding.severity));
  add_number(sub, f_.any_severity, static_cast<std::uint32_t>(finding.severity), true);
  add_text(sub, f_.certainty, name(finding.certainty));
  if (finding.side) add_text(sub, f_.endpoint, end_name(flow, *finding.side));
  if (!finding.part_of.empty()) add_text(sub, f_.part_of, finding.part_of);
  add_text(sub, f_.summary, finding.summary);
  incident(sub, finding);
  if (const Detector* detector = find_detector(finding.id)) {
    explain(sub, f_.explanation, detector->doc.what);
    explain(sub, f_.causes, detector->doc.causes);
    explain(sub, f_.confirm, detector->doc.confirm);
    explain(sub, f_.remedy, detector->doc.remedy);
  }
  constexpr std::size_t kShown = 32;  // the first and the last
  const std::size_t all = finding.frames.size();
  for (std::size_t i = 0; i < all; ++i) {
    if (all > 2 * kShown && i == kShown) i = all - kShown;
    add_number(sub, f_.frame, static_cast<std::uint32_t>(finding.frames[i].number));
  }
}

void Writer::incident(proto_tree* tree, const Finding& finding) {
  const auto number = session_.incident_of(finding);
  if (!number) return;
  const Incident& incident = session_.incidents()[*number];
  proto_item* item = proto_tree_add_uint(tree, f_.incident, tvb_, 0, 0, static_cast<std::uint32_t>(*number));
  proto_item_set_generated(item);
  proto_item_append_text(item, ": %s", text(incident.headline));
  proto_tree* sub = proto_item_add_subtree(item, f_.incident_tree);
  add_text(sub, f_.incident_headline, incident.headline);
  add_text(sub, f_.incident_cause, incident.cause);
  add_text(sub, f_.incident_where, words(incident.where));
}

void Writer::packet(proto_tree* tree, const Shown& shown) {
  const FlowCard& flow_card = *shown.view.flow;
  top_ = proto_tree_add_protocol_format(tree, f_.protocol, tvb_, 0, 0, "TCP Autopsy: %s%s",
                                        text(states_text(shown)), shown.provisional ? " (provisional)" : "");
  proto_item_set_generated(top_);
  proto_tree* sub = proto_item_add_subtree(top_, f_.tree);
  flow(sub, shown);
  error(sub, shown);
  end(sub, shown, flow_card.client);
  if (!flow_card.self_connection) end(sub, shown, other(flow_card.client));
  numbers(sub, shown);
  for (const PacketChange* c : shown.view.changes) change(sub, flow_card, *c);
  for (const std::uint32_t frame : shown.proves) add_number(sub, f_.proves, frame);
  for (const Finding* one : shown.view.findings) finding(sub, flow_card, *one);
  if (shown.provisional) return;
  add_text(sub, f_.handshake, name(flow_card.handshake));
  add_text(sub, f_.close, flow_card.close);
  add_text(sub, f_.client.final, name(flow_card.final[index(flow_card.client)]));
  if (!flow_card.self_connection)
    add_text(sub, f_.server.final, name(flow_card.final[index(other(flow_card.client))]));
  if (!flow_card.where_time_went.empty()) add_text(sub, f_.where_time_went, flow_card.where_time_went);
}

void Writer::expert(const Shown& shown) {
  for (const Finding* one : shown.view.findings)
    if (!one->frames.empty() && one->frames.front().number == pinfo_->num)
      expert_add_info_format(pinfo_, top_, &experts().at({one->id, one->severity}).field, "%s: %s",
                             text(one->id), text(one->summary));
}

void register_experts(int protocol) {
  static std::vector<ei_register_info> list;  // Wireshark keeps it
  for (const Detector* detector : detectors()) {
    for (unsigned s = 0; s < kSeverities; ++s) {
      const auto severity = static_cast<Severity>(s);
      Expert& expert = experts()[{detector->doc.id, severity}];
      expert.name = "tcpautopsy.expert." + std::string(detector->doc.id) + '.' + std::string(name(severity));
      expert.title = detector->doc.title;
    }
  }
  for (auto& [key, expert] : experts())
    list.push_back(
        {&expert.field,
         {expert.name.c_str(), PI_SEQUENCE, expert_severity(key.second), expert.title.c_str(), EXPFILL}});
  expert_register_field_array(expert_register_protocol(protocol), list.data(), static_cast<int>(list.size()));
}

}  // namespace

int register_display() {
  fields() = &register_fields();
  register_experts(fields()->protocol);
  return fields()->protocol;
}

std::string states_text(const Shown& shown) {
  const FlowCard& flow = *shown.view.flow;
  return tcpautopsy::states_text(shown.view.after, flow.client, flow.self_connection);
}

void show_packet(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const Session& session,
                 const std::vector<Shown>& shown, const Preferences& preferences) {
  for (const Shown& one : shown) {
    Writer writer(tvb, pinfo, session);
    if (tree != nullptr) writer.packet(tree, one);
    writer.expert(one);
    if (preferences.info_column)
      col_append_fstr(pinfo->cinfo, COL_INFO, " [%s]", packet_text(pinfo, states_text(one)));
  }
}

}  // namespace tcpautopsy::plugin
