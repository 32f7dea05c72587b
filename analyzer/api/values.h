// What the analyser concludes, as the values of the public interface.
#pragma once

#include <span>

#include "analyzer/analysis/analysis.h"
#include "analyzer/causes/incident.h"
#include "tcpautopsy/flow.h"
#include "tcpautopsy/incident.h"

namespace tcpautopsy::v1 {

Address address_of(const EndpointAddress& address);
Frame frame_of(const FrameRef& frame);
// `flow` is null for a finding about a host or a capture.
Finding finding_of(const tcpautopsy::Finding& finding, const FlowFacts* flow);
Flow flow_of(const FlowResult& flow, const Encapsulation& encapsulation);
Incident incident_of(const tcpautopsy::Incident& incident);

}  // namespace tcpautopsy::v1
