"""What the plugin shows of each packet against what the command line says of it."""
import collections

from wireshark import cli, rows

FIELDS = ("frame.number tcpautopsy.flow tcpautopsy.incarnation tcpautopsy.sender tcpautopsy.client.state tcpautopsy.server.state "
          "tcpautopsy.client.possible tcpautopsy.server.possible tcpautopsy.change tcpautopsy.basis tcpautopsy.proved_by "
          "tcpautopsy.finding tcpautopsy.finding.severity tcpautopsy.handshake tcpautopsy.close tcpautopsy.client.final "
          "tcpautopsy.server.final tcpautopsy.provisional tcpautopsy.icmp tcpautopsy.icmp.endpoint tcpautopsy.icmp.quoted").split()


class Packet:
    def __init__(self, cells):
        for name, values in zip(FIELDS, cells):
            setattr(self, name.replace("tcpautopsy.", "").replace(".", "_"), values)

    def one(self, name):
        values = getattr(self, name)
        return values[0] if values else None


def packets(path, *arguments):
    """By frame; those with no or several TCP headers left out, the latter counted."""
    found, several = {}, 0
    for cells in rows(path, FIELDS, *arguments):
        packet = Packet(cells)
        if len(packet.flow) == 1:
            found[int(packet.frame_number[0])] = packet
        several += len(packet.flow) > 1
    return found, several


def histories(path):
    flows = cli("flows", path)
    if not flows:
        return []
    return cli("history", path, *[o for f in flows for o in ("--flow", str(f["flow"]))]) if len(flows) <= 400 else [
        h for start in range(0, len(flows), 400)
        for h in cli("history", path, *[o for f in flows[start:start + 400] for o in ("--flow", str(f["flow"]))])]


def expected_changes(flow):
    changes = collections.defaultdict(list)
    for t in flow["history"]:
        if t["frame"] is not None:
            changes[t["frame"]].append((f"{t['endpoint']} {t['from']} > {t['to']}", t["basis"], t["proved_by"]))
    return changes


def possible_of(packet, end):
    return sorted(getattr(packet, end + "_possible") or getattr(packet, end + "_state"))


class Comparison:
    """Counts of what was alike, and the differences in words."""

    def __init__(self):
        self.packets = self.errors = self.missing = self.extra = 0
        self.differences = []

    def differ(self, frame, what, expected, shown):
        if expected != shown:
            self.differences.append(f"frame {frame}: {what}: the command line says {expected}, the plugin {shown}")

    def segment(self, segment, packet, flow, changes):
        self.differ(segment["frame"], "sender", segment["endpoint"], packet.one("sender"))
        self.part(segment, packet, flow, changes)

    def error(self, error, packet, flow, changes):
        frame, quoted = error["frame"], error["quoted_frame"]
        self.errors += 1
        self.differ(frame, "sender", None, packet.one("sender"))
        self.differ(frame, "end that is told", error["endpoint"], packet.one("icmp_endpoint"))
        self.differ(frame, "error", error["text"], packet.one("icmp"))
        self.differ(frame, "quoted segment", None if quoted is None else str(quoted), packet.one("icmp_quoted"))
        self.part(error, packet, flow, changes)

    def part(self, segment, packet, flow, changes):
        frame = segment["frame"]
        self.packets += 1
        self.differ(frame, "flow", str(flow["flow"]), packet.one("flow"))
        self.differ(frame, "incarnation", str(flow["incarnation"]), packet.one("incarnation"))
        for end in ("client", "server"):
            if segment["state"][end] is None:
                continue
            self.differ(frame, end + " state", segment["state"][end], packet.one(end + "_state"))
            if segment["possible"][end]:
                self.differ(frame, end + " possible", sorted(segment["possible"][end]), possible_of(packet, end))
            self.differ(frame, end + " final", flow["final"][end], packet.one(end + "_final"))
        self.differ(frame, "handshake", flow["handshake"], packet.one("handshake"))
        self.differ(frame, "close", flow["close"], packet.one("close"))
        made = changes.get(frame, [])
        self.differ(frame, "changes", [c[0] for c in made], packet.change)
        self.differ(frame, "basis", [c[1] for c in made], packet.basis)
        self.differ(frame, "proved_by", [str(c[2]) for c in made if c[2] is not None], packet.proved_by)


def compare_two_pass(path):
    """Every packet of every flow, states, changes and findings, after the retrospective pass."""
    result = Comparison()
    shown, several = packets(path, "-2")
    known = set()
    for history in histories(path):
        flow = history["flow"]
        changes = expected_changes(flow)
        for parts, compare in ((history["segments"], result.segment), (history["icmp"], result.error)):
            for part in parts:
                known.add(part["frame"])
                if part["frame"] in shown:
                    compare(part, shown[part["frame"]], flow, changes)
                else:
                    result.missing += 1
    result.extra = sum(frame not in known for frame in shown)  # captured twice, or decoded by Wireshark only
    result.shown, result.findings = shown, cli("findings", path)
    by_frame = collections.defaultdict(collections.Counter)
    severities = collections.defaultdict(collections.Counter)
    for finding in result.findings:
        # Of a longer list the line holds the first and the last 32.
        if finding["frames_total"] > len(finding["frames"]):
            continue
        for frame in set(finding["frames"]):
            by_frame[frame][finding["id"]] += 1
            severities[frame][finding["severity"]] += 1
    long_lists = {f["id"] for f in result.findings if f["frames_total"] > len(f["frames"])}
    for frame, packet in shown.items():
        ids = [(i, s) for i, s in zip(packet.finding, packet.finding_severity) if i not in long_lists]
        result.differ(frame, "findings", sorted(by_frame[frame].elements()), sorted(i for i, _ in ids))
        result.differ(frame, "severities", sorted(severities[frame].elements()), sorted(s for _, s in ids))
    result.several = several
    return result


def summary(result):
    return f"{result.packets} packets alike" if not result.differences else (
        f"{result.packets} packets, {len(result.differences)} differences")
