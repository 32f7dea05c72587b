"""What the analyser tells, as values. The order of the fields is that in which the module _core gives them."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, Union

EvidenceValue = Union[bool, int, float, str, tuple[int, ...]]


class Error(Exception):
    """Nothing could be done. What is wrong with single inputs or packets is told by ``Result.problems``."""


class OptionError(Error, ValueError):
    """An option, a profile, a threshold or a detector that cannot be."""


class InputError(Error):
    """No capture could be read: no such file, none, empty, or a filter that does not compile. With ``strict``, also a capture
    that is damaged: the message names file, byte offset and packet."""


class Endpoint(enum.StrEnum):
    """The two ends of a connection: the client is who sent the first SYN without ACK, else it is guessed."""

    CLIENT = "client"
    SERVER = "server"


class State(enum.StrEnum):
    """States of RFC 9293 3.3.2. UNKNOWN: the end's past is outside the capture, and nothing settled it."""

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"
    UNKNOWN = "UNKNOWN"


class Basis(enum.StrEnum):
    """How a change of state is known.

    OBSERVED: the end sent the segment that makes it. CONFIRMED: it follows from receiving a segment, and a later one of this end
    proves that it did. INFERRED: it follows from receiving a segment that was captured; nothing proves or disproves it.
    TIMER: it follows from time passing, by the profile in force."""

    OBSERVED = "observed"
    CONFIRMED = "confirmed"
    INFERRED = "inferred"
    TIMER = "timer"


class _Graded(enum.StrEnum):
    """Words in rising order, where those of str would be in that of the alphabet."""

    def _rank(self, other: str) -> int:
        order = list(type(self))
        return order.index(self) - order.index(type(self)(other))

    def __lt__(self, other: str) -> bool:
        return self._rank(other) < 0

    def __le__(self, other: str) -> bool:
        return self._rank(other) <= 0

    def __gt__(self, other: str) -> bool:
        return self._rank(other) > 0

    def __ge__(self, other: str) -> bool:
        return self._rank(other) >= 0


class Severity(_Graded):
    """How grave a finding or incident is, in rising order: ``finding.severity >= Severity.WARNING``."""

    INFO = "info"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Scope(enum.StrEnum):
    """What a finding is about."""

    FLOW = "flow"
    HOST = "host"
    CAPTURE = "capture"


class Certainty(_Graded):
    """How sure a finding is, in rising order."""

    POSSIBLE = "possible"
    LIKELY = "likely"
    CERTAIN = "certain"


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """An address and port of TCP.

    ip: dotted quad, or as RFC 5952 has it.
    port: 0 to 65535."""

    ip: str
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """A packet of a capture.

    file: rank of its file among the captures given, from 0.
    number: from 1 within its file, as Wireshark counts.
    time_ns: when it was captured, nanoseconds since 1970."""

    file: int
    number: int
    time_ns: int


@dataclasses.dataclass(frozen=True, slots=True)
class Transition:
    """One change of state of one end.

    endpoint: whose state it is.
    from_state: before.
    to_state: after, the likeliest.
    basis: how it is known.
    possible: all states that remain possible after it, where there are several; else empty.
    frame: the segment sent or received; None for timers.
    proved_by: where the basis is CONFIRMED, the later segment that proves receipt.
    time_ns: of the frame, or when the timer ran out, nanoseconds since 1970.
    at_ns: best estimate of when the end itself changed, nanoseconds since 1970.
    cause: "received FIN".
    rfc: the section that has the rule, "9293 3.10.7.4"."""

    endpoint: Endpoint
    from_state: State
    to_state: State
    basis: Basis
    possible: tuple[State, ...]
    frame: Frame | None
    proved_by: Frame | None
    time_ns: int
    at_ns: int
    cause: str
    rfc: str


@dataclasses.dataclass(frozen=True, slots=True)
class EndpointSummary:
    """What one end sent, and what became of it.

    address: as its packets have it.
    packets: without those captured twice.
    payload_bytes: distinct bytes of the stream that were captured.
    wire_bytes: lengths of its frames, in sum.
    retransmissions: segments; None where the data were not followed.
    rtt_ns: least round trip between the capture point and this end, nanoseconds; None if not measured.
    final: the state at the capture's end, the likeliest.
    final_possible: all that it may be, likeliest first, ``final`` included."""

    address: Address
    packets: int
    payload_bytes: int
    wire_bytes: int
    retransmissions: int | None
    rtt_ns: int | None
    final: State
    final_possible: tuple[State, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What went wrong, with the frames that prove it. A detector of one's own makes it; ``id``, ``scope`` and ``flow`` are then
    set by the analyser.

    id: "zero_window_stuck".
    severity: of the flow alone.
    scope: what it is about.
    certainty: how sure it is.
    flow: number of the flow; None for hosts and captures.
    endpoint: whose action or state it names; None where both, and for hosts.
    host: address, where the scope is HOST.
    port: of the service, where the scope is HOST and it is about one.
    time_ns: the first moment it tells of, nanoseconds since 1970.
    end_ns: the last, not before ``time_ns``.
    count: how often.
    frames: proof, in order of time; of many some.
    frames_left_out: of which only the number was kept.
    summary: one sentence with the numbers in it.
    evidence: the facts it rests on, by name; those that end in "_ns" are nanoseconds.
    sample_flows: numbers of flows, where the scope is HOST, at most 20."""

    id: str = ""
    severity: Severity = Severity.NOTE
    scope: Scope = Scope.FLOW
    certainty: Certainty = Certainty.CERTAIN
    flow: int | None = None
    endpoint: Endpoint | None = None
    host: str | None = None
    port: int | None = None
    time_ns: int = 0
    end_ns: int = 0
    count: int = 1
    frames: tuple[Frame, ...] = ()
    frames_left_out: int = 0
    summary: str = ""
    evidence: Mapping[str, EvidenceValue] = dataclasses.field(default_factory=dict)
    sample_flows: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Flow:
    """One incarnation of a connection, concluded: who took part, what was sent, and the state history of both ends.

    number: rank of its first packet among all flows of the run, from 0.
    incarnation: of its addresses and ports, from 0.
    client_guessed: no SYN tells who is the client.
    ended_early: a limit ended it, as though the capture ended there; what came later is another flow.
    self_connection: both ends are one; ``server`` equals ``client``.
    client: the end that opened it, or is taken to have.
    server: the other end.
    first: of its packets.
    last: of its packets.
    duplicates: packets captured twice.
    vlan: tags, outermost first.
    tunnel: "vxlan:5001/gre", outermost first; empty for none.
    community_id: "1:...".
    handshake: "complete", "refused" and the other words of analyzer/docs/contract.md.
    close: "both_fin", "open" and others.
    closed_first: "client", "server", "both" or "none".
    history: changes of state of both ends, by ``at_ns``.
    findings: by time, then id; those of own detectors last."""

    number: int
    incarnation: int
    client_guessed: bool
    ended_early: bool
    self_connection: bool
    client: EndpointSummary
    server: EndpointSummary
    first: Frame
    last: Frame
    duplicates: int
    vlan: tuple[int, ...]
    tunnel: str
    community_id: str
    handshake: str
    close: str
    closed_first: str
    history: tuple[Transition, ...]
    findings: tuple[Finding, ...]

    def end(self, which: Endpoint | str) -> EndpointSummary:
        """What this end sent. Raises ValueError where it is neither "client" nor "server"."""
        return self.client if Endpoint(which) is Endpoint.CLIENT else self.server

    def __repr__(self) -> str:
        findings = ", ".join(sorted({finding.id for finding in self.findings}))
        return (f"<Flow {self.number}: {self.client.address} to {self.server.address}, handshake {self.handshake}, close {self.close}, "
                f"client {self.client.final}, server {self.server.final}{', ' + findings if findings else ''}>")


@dataclasses.dataclass(frozen=True, slots=True)
class Incident:
    """One cause with what follows from it, over all connections and captures of a run.

    severity: the gravest of its findings.
    certainty: of the cause.
    cause: id of the finding that explains the others.
    verdict: one sentence, what is wrong, where, and what it cost.
    where: who has to act, "server_application", "network".
    service: None where it is about a host, or many services.
    host: address; None where it is about no host.
    first_ns: of its findings, nanoseconds since 1970.
    last_ns: of its findings, nanoseconds since 1970.
    flows: how many connections met it.
    sample_flows: their numbers, at most 20, the most telling first.
    findings: how many of each id.
    connections_failed: tried, and never opened.
    connections_reset: ended by RST.
    time_lost_ns: of all connections together, nanoseconds.
    remedy: one line."""

    severity: Severity
    certainty: Certainty
    cause: str
    verdict: str
    where: str
    service: Address | None
    host: str | None
    first_ns: int
    last_ns: int
    flows: int
    sample_flows: tuple[int, ...]
    findings: Mapping[str, int]
    connections_failed: int
    connections_reset: int
    time_lost_ns: int
    remedy: str


@dataclasses.dataclass(frozen=True, slots=True)
class LimitMet:
    """A limit on what is kept, which was met. What is told holds within it.

    name: of ``limits``, or of one that cannot be moved; analyzer/docs/contract.md has all.
    count: how often, over all captures.
    text: count and what it is, "3 connections ended early, as ..."."""

    name: str
    count: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What is known once all is read.

    packets: that passed the filter.
    flows: how many connections, each incarnation one.
    findings: of hosts and captures; those of flows are with them.
    incidents: worst first.
    problems: a sentence for each input that could not be read, or not to its end, with byte offset and packet.
    limits_met: none where all was kept.
    capture_end_ns: of the last capture, nanoseconds since 1970."""

    packets: int
    flows: int
    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]
    problems: tuple[str, ...]
    limits_met: tuple[LimitMet, ...]
    capture_end_ns: int


@dataclasses.dataclass(frozen=True, slots=True)
class StreamFlow:
    """The connection that bytes belong to, as far as it is known while it lasts: client and server are told once it is over.

    number: that of the flow.
    ends: addresses; the first sent the first captured segment."""

    number: int
    ends: tuple[Address, Address]


@dataclasses.dataclass(frozen=True, slots=True)
class StreamData:
    """Bytes delivered in order.

    sender: place in ``StreamFlow.ends``, 0 or 1.
    offset: of the first byte, from 0, the first of this direction.
    data: the bytes.
    frame: that carried them.
    delivered: the frame whose arrival put them in order."""

    sender: int
    offset: int
    data: bytes
    frame: Frame
    delivered: Frame


@dataclasses.dataclass(frozen=True, slots=True)
class StreamGap:
    """Bytes that the capture does not have.

    sender: place in ``StreamFlow.ends``, 0 or 1.
    offset: of the first.
    length: how many, above 0.
    reason: "not_captured", "snap_length" or "given_up", where more waited behind than may be held."""

    sender: int
    offset: int
    length: int
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class StreamConflict:
    """Two segments carry different bytes for the same place.

    sender: place in ``StreamFlow.ends``, 0 or 1.
    offset: of the first byte that differs.
    differ: how many do.
    kept: the frame whose bytes were delivered.
    other: the frame whose bytes were not."""

    sender: int
    offset: int
    differ: int
    kept: Frame
    other: Frame


class StreamReader:
    """Takes the bytes of connections while they are read. Derive from it, and hand it over as the option ``streams``.

    Its methods are called by the thread that reads, not by the one that takes the flows."""

    def wants(self, flow: StreamFlow) -> bool:
        """Asked once a connection, at its first segment. Each that is wanted takes up to 17 MiB a direction while it lives."""
        return True

    def data(self, flow: StreamFlow, data: StreamData) -> None:
        """The next bytes of one direction."""

    def gap(self, flow: StreamFlow, gap: StreamGap) -> None:
        """In place of bytes that are missing."""

    def conflict(self, flow: StreamFlow, conflict: StreamConflict) -> None:
        """Found while data() goes on."""

    def end(self, flow: StreamFlow) -> None:
        """The last call of a connection; its flow comes after it."""


Row = dict[str, Any]
