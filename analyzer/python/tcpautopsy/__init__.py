"""Offline TCP post-mortems: what became of each TCP connection of a packet capture, and why.

    import tcpautopsy

    for flow in tcpautopsy.flows("morning.pcap"):
        print(flow.client.address, flow.server.address, flow.close, [finding.id for finding in flow.findings])

    flows, result = tcpautopsy.analyse("morning.pcap")
    for incident in result.incidents:  # worst first
        print(incident.severity, incident.verdict)

Instants are integers, nanoseconds since 1970-01-01 00:00 UTC by the capture's clock; spans are integers, nanoseconds. Their
names end in ``_ns``. ``tcpautopsy explain ID`` of the command line tells what a finding means."""

from tcpautopsy._analysis import Analysis, DamageWarning, Options, analyse, flows, library_version
from tcpautopsy._model import (Address, Basis, Certainty, Endpoint, EndpointSummary, Error, EvidenceValue, Finding, Flow, Frame,
                               Incident, InputError, LimitMet, OptionError, Result, Scope, Severity, State, StreamConflict, StreamData, StreamFlow,
                               StreamGap, StreamReader, Transition)
from tcpautopsy._table import rows, to_pandas

__version__ = library_version()
__all__ = ["Address", "Analysis", "Basis", "Certainty", "DamageWarning", "Endpoint", "EndpointSummary", "Error", "EvidenceValue",
           "Finding", "Flow", "Frame", "Incident", "InputError", "LimitMet", "OptionError", "Options", "Result", "Scope", "Severity", "State",
           "StreamConflict", "StreamData", "StreamFlow", "StreamGap", "StreamReader", "Transition", "analyse", "flows", "rows", "to_pandas"]
