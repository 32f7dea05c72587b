#include "analyzer/python/objects.h"

#include <pybind11/stl.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tcpautopsy::python {
namespace {

namespace py = pybind11;

py::str text(std::string_view words) { return {words.data(), words.size()}; }

template <class Enum>
const py::object& member(const std::vector<py::object>& members, Enum value) {
  return members.at(static_cast<std::size_t>(value));
}

// What is not there is None.
template <class Value, class Make>
py::object maybe(const std::optional<Value>& value, Make make) {
  return value ? py::object(make(*value)) : py::none();
}

template <class Number>
py::object maybe_number(const std::optional<Number>& number) {
  return maybe(number, [](Number known) { return py::int_(known); });
}

template <class Values, class Make>
py::tuple tuple_of(const Values& values, Make make) {
  py::tuple out(values.size());
  std::size_t place = 0;
  for (const auto& value : values) out[place++] = make(value);
  return out;
}

py::tuple numbers(const std::vector<std::uint64_t>& values) {
  return tuple_of(values, [](std::uint64_t value) { return py::int_(value); });
}

struct Evidence {
  py::object operator()(bool value) const { return py::bool_(value); }
  py::object operator()(std::int64_t value) const { return py::int_(value); }
  py::object operator()(double value) const { return py::float_(value); }
  py::object operator()(const std::string& value) const { return py::str(value); }
  py::object operator()(const std::vector<std::int64_t>& values) const {
    return tuple_of(values, [](std::int64_t value) { return py::int_(value); });
  }
};

py::dict evidence(const Finding& finding) {
  py::dict out;
  for (const auto& [name, value] : finding.evidence) out[py::str(name)] = std::visit(Evidence{}, value);
  return out;
}

// bool first: in Python it is an int, too.
EvidenceValue evidence_value(const py::handle& value) {
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::int_>(value)) return value.cast<std::int64_t>();
  if (py::isinstance<py::float_>(value)) return value.cast<double>();
  if (py::isinstance<py::str>(value)) return value.cast<std::string>();
  return value.cast<std::vector<std::int64_t>>();
}

// The enumeration's value whose member this is.
template <class Enum>
Enum number_of(const std::vector<py::object>& members, const py::handle& wanted) {
  for (std::size_t number = 0; number < members.size(); ++number)
    if (members[number].equal(wanted)) return static_cast<Enum>(number);
  throw py::value_error(
      py::str("{!r} is none of {}").format(wanted, py::str(", ").attr("join")(py::cast(members))));
}

Frame frame_from(const py::handle& frame) {
  return {frame.attr("file").cast<std::uint32_t>(), frame.attr("number").cast<std::uint64_t>(),
          frame.attr("time_ns").cast<std::int64_t>()};
}

}  // namespace

Objects::Objects()
    : model_(py::module_::import("tcpautopsy._model")),
      address_(model_.attr("Address")),
      frame_(model_.attr("Frame")),
      summary_(model_.attr("EndpointSummary")),
      transition_(model_.attr("Transition")),
      finding_(model_.attr("Finding")),
      incident_(model_.attr("Incident")),
      limit_met_(model_.attr("LimitMet")),
      flow_(model_.attr("Flow")),
      result_(model_.attr("Result")),
      stream_flow_(model_.attr("StreamFlow")),
      stream_data_(model_.attr("StreamData")),
      stream_gap_(model_.attr("StreamGap")),
      stream_conflict_(model_.attr("StreamConflict")),
      endpoints_(members_of("Endpoint", Endpoint::Server)),
      states_(members_of("State", State::Unknown)),
      bases_(members_of("Basis", Basis::Timer)),
      severities_(members_of("Severity", Severity::Error)),
      scopes_(members_of("Scope", Scope::Capture)),
      certainties_(members_of("Certainty", Certainty::Certain)) {}

template <class Enum>
Objects::Members Objects::members_of(const char* name, Enum last) const {
  const py::object enumeration = model_.attr(name);
  Members members;
  for (unsigned number = 0; number <= static_cast<unsigned>(last); ++number)
    members.push_back(enumeration(text(tcpautopsy::name(static_cast<Enum>(number)))));
  return members;
}

py::object Objects::address(const Address& address) const { return address_(address.ip, address.port); }

py::object Objects::frame(const Frame& frame) const {
  return frame_(frame.file, frame.number, frame.time_ns);
}

py::object Objects::frames(const std::vector<Frame>& frames) const {
  return tuple_of(frames, [this](const Frame& one) { return frame(one); });
}

py::object Objects::states(const std::vector<State>& states) const {
  return tuple_of(states, [this](State state) { return member(states_, state); });
}

py::object Objects::summary(const EndpointSummary& end) const {
  return summary_(address(end.address), end.packets, end.payload_bytes, end.wire_bytes,
                  maybe_number(end.retransmissions), maybe_number(end.rtt_ns), member(states_, end.final),
                  states(end.final_possible));
}

py::object Objects::transition(const Transition& change) const {
  const auto to_frame = [this](const Frame& one) { return frame(one); };
  return transition_(member(endpoints_, change.endpoint), member(states_, change.from),
                     member(states_, change.to), member(bases_, change.basis), states(change.possible),
                     maybe(change.frame, to_frame), maybe(change.proved_by, to_frame), change.time_ns,
                     change.at_ns, text(change.cause), text(change.rfc));
}

py::object Objects::finding(const Finding& finding) const {
  return finding_(finding.id, member(severities_, finding.severity), member(scopes_, finding.scope),
                  member(certainties_, finding.certainty), maybe_number(finding.flow),
                  maybe(finding.endpoint, [this](Endpoint which) { return member(endpoints_, which); }),
                  maybe(finding.host, [](const std::string& host) { return py::str(host); }),
                  maybe_number(finding.port), finding.time_ns, finding.end_ns, finding.count,
                  frames(finding.frames), finding.frames_left_out, finding.summary, evidence(finding),
                  numbers(finding.sample_flows));
}

py::object Objects::incident(const Incident& incident) const {
  py::dict findings;
  for (const auto& [id, count] : incident.findings) findings[py::str(id)] = count;
  return incident_(member(severities_, incident.severity), member(certainties_, incident.certainty),
                   incident.cause, incident.verdict, incident.where,
                   maybe(incident.service, [this](const Address& service) { return address(service); }),
                   maybe(incident.host, [](const std::string& host) { return py::str(host); }),
                   incident.first_ns, incident.last_ns, incident.flows, numbers(incident.sample_flows),
                   findings, incident.connections_failed, incident.connections_reset, incident.time_lost_ns,
                   incident.remedy);
}

py::object Objects::flow(const Flow& flow) const {
  return flow_(flow.number, flow.incarnation, flow.client_guessed, flow.ended_early, flow.self_connection,
               summary(flow.client), summary(flow.server), frame(flow.first), frame(flow.last),
               flow.duplicates, tuple_of(flow.vlan, [](std::uint16_t tag) { return py::int_(tag); }),
               flow.tunnel, flow.community_id, text(flow.handshake), text(flow.close),
               text(flow.closed_first),
               tuple_of(flow.history, [this](const Transition& change) { return transition(change); }),
               tuple_of(flow.findings, [this](const Finding& one) { return finding(one); }));
}

py::object Objects::result(const Result& result) const {
  return result_(result.packets, result.flows,
                 tuple_of(result.findings, [this](const Finding& one) { return finding(one); }),
                 tuple_of(result.incidents, [this](const Incident& one) { return incident(one); }),
                 tuple_of(result.problems, [](const std::string& problem) { return py::str(problem); }),
                 tuple_of(result.limits_met,
                          [this](const LimitMet& one) { return limit_met_(one.name, one.count, one.text); }),
                 result.capture_end_ns);
}

py::object Objects::stream_flow(const StreamFlow& flow) const {
  return stream_flow_(flow.number, tuple_of(flow.ends, [this](const Address& end) { return address(end); }));
}

py::object Objects::stream_data(const StreamData& data) const {
  const py::bytes copy(reinterpret_cast<const char*>(data.bytes.data()), data.bytes.size());
  return stream_data_(data.sender, data.offset, copy, frame(data.frame), frame(data.delivered));
}

py::object Objects::stream_gap(const StreamGap& gap) const {
  return stream_gap_(gap.sender, gap.offset, gap.length, text(gap.reason));
}

py::object Objects::stream_conflict(const StreamConflict& conflict) const {
  return stream_conflict_(conflict.sender, conflict.offset, conflict.differ, frame(conflict.kept),
                          frame(conflict.other));
}

Finding Objects::found(const py::handle& finding) const {
  if (!py::isinstance(finding, finding_)) throw py::type_error("a detector gives objects of class Finding");
  Finding out;
  out.severity = number_of<Severity>(severities_, finding.attr("severity"));
  out.certainty = number_of<Certainty>(certainties_, finding.attr("certainty"));
  if (const py::object endpoint = finding.attr("endpoint"); !endpoint.is_none())
    out.endpoint = number_of<Endpoint>(endpoints_, endpoint);
  out.time_ns = finding.attr("time_ns").cast<std::int64_t>();
  out.end_ns = finding.attr("end_ns").cast<std::int64_t>();
  out.count = finding.attr("count").cast<std::uint64_t>();
  for (const py::handle frame : finding.attr("frames")) out.frames.push_back(frame_from(frame));
  out.frames_left_out = finding.attr("frames_left_out").cast<std::uint64_t>();
  out.summary = finding.attr("summary").cast<std::string>();
  for (const auto& [name, value] : finding.attr("evidence").cast<py::dict>())
    out.evidence.emplace_back(name.cast<std::string>(), evidence_value(value));
  return out;
}

}  // namespace tcpautopsy::python
