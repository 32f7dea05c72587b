// The names of plugin/README.md: what filters, columns and `-T fields` can ask for.
#pragma once

#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {

// What is shown of one end.
struct EndFields {
  int state = -1, before = -1, possible = -1, basis = -1, since = -1, final = -1;
  int rtt = -1, in_flight = -1, window = -1;
};

struct Fields {
  int protocol = -1;
  int flow = -1, incarnation = -1, provisional = -1, sender = -1, phase = -1, handshake = -1, close = -1,
      where_time_went = -1;
  EndFields client, server;
  int change = -1, change_endpoint = -1, basis = -1, cause = -1, rfc = -1, proved_by = -1, proves = -1;
  int finding = -1, severity = -1, certainty = -1, endpoint = -1, summary = -1, explanation = -1, causes = -1,
      confirm = -1, remedy = -1, frame = -1, part_of = -1;
  // Numbers with names, to compare and to plot: of either end, and of any finding.
  int any_state = -1, any_severity = -1;
  int icmp = -1, icmp_endpoint = -1, icmp_quoted = -1;
  int incident = -1, incident_headline = -1, incident_cause = -1, incident_where = -1;
  int tree = -1, end_tree = -1, change_tree = -1, finding_tree = -1, incident_tree = -1, icmp_tree = -1;
};

// Whether a filter, column, list of fields or the like asks for numbers of the packet that the tree is for.
bool numbers_wanted(proto_tree* tree);

// Registers all of them; returns the one set of them.
const Fields& register_fields();

}  // namespace tcpautopsy::plugin
