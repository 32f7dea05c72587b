#include "plugin/fields.h"

#include <array>

#include "analyzer/detect/finding.h"
#include "analyzer/infer/tcp_state.h"

namespace tcpautopsy::plugin {
namespace {

Fields& fields() {
  static Fields all;
  return all;
}

hf_register_info field(int& id, const char* name, const char* abbreviation, ftenum type, const char* blurb,
                       const void* strings = nullptr) {
  const bool number = type == FT_UINT8 || type == FT_UINT32 || type == FT_UINT64;
  const int display = number ? BASE_DEC : BASE_NONE;
  return {&id, {name, abbreviation, type, display, strings, 0, blurb, HFILL}};
}

// Wireshark's lists of names end with an empty one, and are kept.
const value_string* state_names() {
  static const auto names = [] {
    std::array<value_string, kStateCount + 2> all{};  // with UNKNOWN
    for (unsigned s = 0; s <= kStateCount; ++s) all[s] = {s, name(static_cast<TcpState>(s)).data()};
    return all;
  }();
  return names.data();
}

constexpr value_string kSeverityNames[] = {
    {static_cast<guint32>(Severity::Info), "info"},
    {static_cast<guint32>(Severity::Note), "note"},
    {static_cast<guint32>(Severity::Warning), "warning"},
    {static_cast<guint32>(Severity::Error), "error"},
    {0, nullptr},
};

void register_numbers() {
  Fields& f = fields();
  static hf_register_info list[] = {
      field(f.any_state, "State", "tcpautopsy.state", FT_UINT8,
            "Likeliest state of either end after this packet: one number with a name for each end",
            VALS(state_names())),
      field(
          f.any_severity, "Severity", "tcpautopsy.severity", FT_UINT8,
          "Of a finding that names this packet, as a number with a name: 0 info, 1 note, 2 warning, 3 error",
          VALS(kSeverityNames)),
  };
  proto_register_field_array(f.protocol, list, array_length(list));
}

void register_incidents() {
  Fields& f = fields();
  static hf_register_info list[] = {
      field(f.incident, "Incident", "tcpautopsy.incident", FT_UINT32,
            "Number of the incident that the finding belongs to, as the report has them: 0 is the worst"),
      field(f.incident_headline, "What is wrong", "tcpautopsy.incident.headline", FT_STRING, nullptr),
      field(f.incident_cause, "Cause", "tcpautopsy.incident.cause", FT_STRING,
            "Id of the finding that explains the others"),
      field(f.incident_where, "Who has to act", "tcpautopsy.incident.where", FT_STRING, nullptr),
  };
  proto_register_field_array(f.protocol, list, array_length(list));
}

void register_end(EndFields& end, bool client) {
  const auto name = [client](const char* of_client, const char* of_server) {
    return client ? of_client : of_server;
  };
  // Wireshark keeps the array and the names.
  static hf_register_info of_ends[2][9];
  hf_register_info* list = of_ends[client ? 0 : 1];
  list[0] = field(end.state, name("Client state", "Server state"),
                  name("tcpautopsy.client.state", "tcpautopsy.server.state"), FT_STRING,
                  "Likeliest state after this packet (RFC 9293)");
  list[1] = field(end.before, name("Client state before", "Server state before"),
                  name("tcpautopsy.client.before", "tcpautopsy.server.before"), FT_STRING,
                  "Likeliest state before this packet");
  list[2] = field(end.possible, name("Client may be in", "Server may be in"),
                  name("tcpautopsy.client.possible", "tcpautopsy.server.possible"), FT_STRING,
                  "A state that the packets leave open when this one is sent, shown unless it is the "
                  "likeliest state alone");
  list[3] = field(end.basis, name("Client state known by", "Server state known by"),
                  name("tcpautopsy.client.basis", "tcpautopsy.server.basis"), FT_STRING,
                  "How the change that led to the state is known: observed, confirmed, inferred, timer");
  list[4] = field(end.since, name("Client state since", "Server state since"),
                  name("tcpautopsy.client.since", "tcpautopsy.server.since"), FT_FRAMENUM,
                  "Frame of the change that led to the state");
  list[5] = field(end.final, name("Client's final state", "Server's final state"),
                  name("tcpautopsy.client.final", "tcpautopsy.server.final"), FT_STRING,
                  "Likeliest state at the end of the capture");
  list[6] = field(end.rtt, name("Client round trip", "Server round trip"),
                  name("tcpautopsy.client.rtt", "tcpautopsy.server.rtt"), FT_RELATIVE_TIME,
                  "From the capture point to this end and back, which this packet ends: seconds");
  list[7] = field(end.in_flight, name("Client's octets in flight", "Server's octets in flight"),
                  name("tcpautopsy.client.in_flight", "tcpautopsy.server.in_flight"), FT_UINT32,
                  "Octets that this end has sent and that are not acknowledged, after this packet");
  list[8] = field(end.window, name("Client window", "Server window"),
                  name("tcpautopsy.client.window", "tcpautopsy.server.window"), FT_UINT32,
                  "Octets that this end offers to receive, scaled; absent where the scale is not known");
  proto_register_field_array(fields().protocol, list, 9);
}

void register_findings() {
  Fields& f = fields();
  static hf_register_info list[] = {
      field(f.finding, "Finding", "tcpautopsy.finding", FT_STRING,
            "Id of a finding that names this packet, as `tcpautopsy explain` lists them"),
      field(f.severity, "Severity", "tcpautopsy.finding.severity", FT_STRING, "info, note, warning or error"),
      field(f.certainty, "Certainty", "tcpautopsy.finding.certainty", FT_STRING,
            "possible, likely or certain"),
      field(f.endpoint, "Endpoint", "tcpautopsy.finding.endpoint", FT_STRING,
            "client or server, where it is about one of them"),
      field(f.summary, "Summary", "tcpautopsy.finding.summary", FT_STRING, nullptr),
      field(f.explanation, "What happened", "tcpautopsy.finding.explanation", FT_STRING, nullptr),
      field(f.causes, "Usual causes", "tcpautopsy.finding.causes", FT_STRING, nullptr),
      field(f.confirm, "How to confirm it on the hosts", "tcpautopsy.finding.confirm", FT_STRING, nullptr),
      field(f.remedy, "What to change", "tcpautopsy.finding.remedy", FT_STRING, nullptr),
      field(f.part_of, "Part of", "tcpautopsy.finding.part_of", FT_STRING,
            "The finding about a host that this one belongs to"),
      field(f.frame, "Packet it rests on", "tcpautopsy.finding.frame", FT_FRAMENUM, nullptr),
  };
  proto_register_field_array(f.protocol, list, array_length(list));
}

void register_changes() {
  Fields& f = fields();
  static hf_register_info list[] = {
      field(f.change, "Change", "tcpautopsy.change", FT_STRING, "A change of state that this packet makes"),
      field(f.change_endpoint, "Endpoint", "tcpautopsy.change.endpoint", FT_STRING, "client or server"),
      field(f.basis, "Basis", "tcpautopsy.basis", FT_STRING,
            "How the change is known: observed, confirmed, inferred or timer"),
      field(f.cause, "Cause", "tcpautopsy.cause", FT_STRING, nullptr),
      field(f.rfc, "RFC", "tcpautopsy.rfc", FT_STRING, nullptr),
      field(f.proved_by, "Proved by", "tcpautopsy.proved_by", FT_FRAMENUM,
            "The later packet that proves this one was received", FRAMENUM_TYPE(FT_FRAMENUM_ACK)),
      field(f.proves, "Proves receipt of", "tcpautopsy.proves", FT_FRAMENUM,
            "An earlier packet that this one proves was received"),
  };
  proto_register_field_array(f.protocol, list, array_length(list));
}

void register_errors() {
  Fields& f = fields();
  static hf_register_info list[] = {
      field(f.icmp, "ICMP error", "tcpautopsy.icmp", FT_STRING, "What the error says, and who sent it"),
      field(f.icmp_endpoint, "Speaks to", "tcpautopsy.icmp.endpoint", FT_STRING,
            "client or server: the sender of the quoted segment"),
      field(f.icmp_quoted, "Quotes", "tcpautopsy.icmp.quoted", FT_FRAMENUM, "The quoted segment"),
  };
  proto_register_field_array(f.protocol, list, array_length(list));
}

void register_flow() {
  Fields& f = fields();
  static hf_register_info list[] = {
      field(f.flow, "Flow", "tcpautopsy.flow", FT_UINT64,
            "Number of the connection, as `tcpautopsy flows` has it"),
      field(f.incarnation, "Incarnation", "tcpautopsy.incarnation", FT_UINT32,
            "How often the ports had been used before"),
      field(f.provisional, "Provisional", "tcpautopsy.provisional", FT_BOOLEAN,
            "By the packets up to this one only; later ones may revise it"),
      field(f.sender, "Sent by", "tcpautopsy.sender", FT_STRING, "client or server"),
      field(f.phase, "Phase", "tcpautopsy.phase", FT_STRING,
            "opening, established, closing, closed or unknown, after this packet"),
      field(f.handshake, "Opening", "tcpautopsy.handshake", FT_STRING, "How the connection opened"),
      field(f.close, "Closing", "tcpautopsy.close", FT_STRING, "How the connection closed"),
      field(f.where_time_went, "Where the time went", "tcpautopsy.where_time_went", FT_STRING,
            "What held the connection's data back, largest share first"),
  };
  proto_register_field_array(f.protocol, list, array_length(list));
}

}  // namespace

bool numbers_wanted(proto_tree* tree) {
  const auto wanted = [tree](int field) { return proto_field_is_referenced(tree, field) != 0; };
  for (const EndFields* end : {&fields().client, &fields().server})
    if (wanted(end->rtt) || wanted(end->in_flight) || wanted(end->window)) return true;
  return false;
}

const Fields& register_fields() {
  Fields& f = fields();
  f.protocol = proto_register_protocol("TCP Autopsy", "TCP Autopsy", "tcpautopsy");
  register_flow();
  register_end(f.client, true);
  register_end(f.server, false);
  register_changes();
  register_findings();
  register_numbers();
  register_incidents();
  register_errors();
  static int* const trees[] = {&f.tree,         &f.end_tree,      &f.change_tree,
                               &f.finding_tree, &f.incident_tree, &f.icmp_tree};
  proto_register_subtree_array(trees, array_length(trees));
  return f;
}

}  // namespace tcpautopsy::plugin
