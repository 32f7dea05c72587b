#include "analyzer/api/values.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "analyzer/compat/community_id.h"
#include "analyzer/report/text/names.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy::v1 {
namespace {

// An enumeration of the interface has the analyser's own words in the same order.
template <class Public, class Internal>
constexpr Public same(Internal value) {
  return static_cast<Public>(value);
}
static_assert(same<State>(TcpState::TimeWait) == State::TimeWait &&
              same<State>(TcpState::Unknown) == State::Unknown);
static_assert(same<Basis>(tcpautopsy::Basis::Observed) == Basis::Observed &&
              same<Basis>(tcpautopsy::Basis::Timer) == Basis::Timer);
static_assert(same<Severity>(tcpautopsy::Severity::Info) == Severity::Info &&
              same<Severity>(tcpautopsy::Severity::Error) == Severity::Error);
static_assert(same<Scope>(tcpautopsy::Scope::Flow) == Scope::Flow &&
              same<Scope>(tcpautopsy::Scope::Capture) == Scope::Capture);
static_assert(same<Certainty>(tcpautopsy::Certainty::Possible) == Certainty::Possible &&
              same<Certainty>(tcpautopsy::Certainty::Certain) == Certainty::Certain);
static_assert(std::is_same_v<EvidenceValue, tcpautopsy::EvidenceValue>);

Endpoint endpoint_of(const FlowFacts& flow, Side side) {
  return side == flow.client ? Endpoint::Client : Endpoint::Server;
}

std::optional<Frame> maybe_frame(const std::optional<FrameRef>& frame) {
  return frame ? std::optional(frame_of(*frame)) : std::nullopt;
}

Transition transition_of(const FlowHistory& history, const tcpautopsy::Transition& change) {
  Transition out;
  out.endpoint = endpoint_of(history.trace, change.side);
  out.from = same<State>(change.from);
  out.to = same<State>(change.to);
  out.basis = same<Basis>(change.basis);
  if (!change.possible.single())
    change.possible.each([&](TcpState state) { out.possible.push_back(same<State>(state)); });
  out.frame = maybe_frame(change.frame);
  out.proved_by = maybe_frame(change.proof);
  out.time_ns = change.time_ns;
  out.at_ns = change.at_ns;
  out.cause = change.cause;
  out.rfc = change.rfc;
  return out;
}

EndpointSummary summary_of(const FlowHistory& history, Side side) {
  const SideFacts& facts = history.trace.facts(side);
  const EndpointOutcome& outcome = history.outcome(side);
  EndpointSummary out;
  out.address = address_of(facts.address);
  out.packets = facts.packets;
  out.payload_bytes = facts.payload_bytes;
  out.wire_bytes = facts.wire_bytes;
  if (history.transfer) out.retransmissions = history.transfer->retransmissions[index(side)].retransmissions;
  out.rtt_ns = facts.rtt_min_ns;
  out.final = same<State>(outcome.final);
  for (const TcpState state : outcome.final_possible) out.final_possible.push_back(same<State>(state));
  return out;
}

}  // namespace

Address address_of(const EndpointAddress& address) { return {to_string(address.ip), address.port}; }

Frame frame_of(const FrameRef& frame) { return {frame.file, frame.number, frame.time_ns}; }

Finding finding_of(const tcpautopsy::Finding& finding, const FlowFacts* flow) {
  Finding out;
  out.id = finding.id;
  out.severity = same<Severity>(finding.severity);
  out.scope = same<Scope>(finding.scope);
  out.certainty = same<Certainty>(finding.certainty);
  out.flow = finding.flow;
  if (finding.side && flow != nullptr) out.endpoint = endpoint_of(*flow, *finding.side);
  if (finding.host) out.host = to_string(*finding.host);
  out.port = finding.port;
  out.time_ns = finding.time_ns;
  out.end_ns = finding.end_ns;
  out.count = finding.count;
  for (const FrameRef& frame : finding.frames) out.frames.push_back(frame_of(frame));
  out.frames_left_out = finding.frames_left_out;
  out.summary = finding.summary;
  for (const auto& [name, value] : finding.evidence) out.evidence.emplace_back(name, value);
  out.sample_flows = finding.sample_flows;
  return out;
}

Flow flow_of(const FlowResult& flow, const Encapsulation& encapsulation) {
  const FlowHistory& history = flow.history;
  const FlowTrace& trace = history.trace;
  const Side server = trace.self_connection ? history.client() : history.server();
  Flow out;
  out.number = trace.number;
  out.incarnation = trace.incarnation;
  out.client_guessed = trace.client_guessed;
  out.ended_early = trace.ended_early;
  out.self_connection = trace.self_connection;
  out.client = summary_of(history, history.client());
  out.server = summary_of(history, server);
  out.first = frame_of(trace.first);
  out.last = frame_of(trace.last);
  out.duplicates = trace.sides[0].copies + trace.sides[1].copies;
  out.vlan = encapsulation.vlan;
  out.tunnel = encapsulation.tunnel;
  out.community_id = community_id(trace.facts(history.client()).address, trace.facts(server).address);
  out.handshake = tcpautopsy::name(history.handshake);
  out.close = close_name(history);
  out.closed_first = closed_first_name(history);
  out.history.reserve(history.transitions.size());
  for (const auto& change : history.transitions) out.history.push_back(transition_of(history, change));
  out.findings.reserve(flow.findings.size());
  for (const auto& finding : flow.findings) out.findings.push_back(finding_of(finding, &trace));
  return out;
}

Incident incident_of(const tcpautopsy::Incident& incident) {
  Incident out;
  out.severity = same<Severity>(incident.severity);
  out.certainty = same<Certainty>(incident.certainty);
  out.cause = incident.cause;
  out.verdict = incident.verdict();
  out.where = tcpautopsy::name(incident.where);
  if (incident.service) out.service = address_of(*incident.service);
  if (incident.host) out.host = to_string(*incident.host);
  out.first_ns = incident.first_ns;
  out.last_ns = incident.last_ns;
  out.flows = incident.flows;
  out.sample_flows = incident.sample_flows;
  for (const auto& [id, count] : incident.findings) out.findings.emplace_back(id, count);
  out.connections_failed = incident.impact.connections_failed;
  out.connections_reset = incident.impact.connections_reset;
  out.time_lost_ns = incident.impact.time_lost_ns;
  out.remedy = incident.remedy;
  return out;
}

std::string_view name(Endpoint endpoint) noexcept {
  return endpoint == Endpoint::Client ? "client" : "server";
}
std::string_view name(State state) noexcept { return tcpautopsy::name(static_cast<TcpState>(state)); }
std::string_view name(Basis basis) noexcept {
  return tcpautopsy::name(static_cast<tcpautopsy::Basis>(basis));
}
std::string_view name(Severity severity) noexcept {
  return tcpautopsy::name(static_cast<tcpautopsy::Severity>(severity));
}
std::string_view name(Scope scope) noexcept {
  return tcpautopsy::name(static_cast<tcpautopsy::Scope>(scope));
}
std::string_view name(Certainty certainty) noexcept {
  return tcpautopsy::name(static_cast<tcpautopsy::Certainty>(certainty));
}

}  // namespace tcpautopsy::v1
