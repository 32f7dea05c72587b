// A connection concluded by hand: enough for what the report layer prints.
#pragma once

#include <string>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy::report_test {

constexpr TimeNs kStart = 1'714'557'600'123'456'789;  // 2024-05-01T10:00:00.123456789Z

// Handshake, `data` segments of 100 octets from the client with an ACK each, FIN of the client, lost ACK of
// it; flow 17, 10.0.0.1:50000 to 10.0.0.2:80. The server's last state is open.
FlowResult sample_flow(unsigned data = 1);
Finding sample_finding();
const std::vector<std::string>& sample_files();
inline Origin sample_origin() { return {sample_files(), no_encapsulation()}; }

}  // namespace tcpautopsy::report_test
