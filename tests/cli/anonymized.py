"""Comparing what is told of a capture with what is told of it anonymised."""
import ipaddress
import json
import re

TOKEN = re.compile(r"[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*")


def addresses_in(text):
    """(from, until, address) of every IP address in it, also where a port or a full stop follows."""
    for match in TOKEN.finditer(text):
        token = match[0]
        for end in range(len(token), 1, -1):
            if end < len(token) and token[end] not in ".:":
                continue
            try:
                address = ipaddress.ip_address(token[:end])
            except ValueError:
                continue
            yield match.start(), match.start() + end, address
            break


def without_addresses(value):
    """The same with `<ip>` for each address; what is made of addresses alone is left out."""
    if isinstance(value, dict):
        return {key: without_addresses(item) for key, item in value.items() if key not in ("community_id", "file")}
    if isinstance(value, list):
        return [without_addresses(item) for item in value]
    if not isinstance(value, str):
        return value
    out, at = "", 0
    for begin, end, _ in addresses_in(value):
        out += value[at:begin] + "<ip>"
        at = end
    return out + value[at:]


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def ends_of(flows):
    """The addresses of all flows, in their order."""
    return [ipaddress.ip_address(flow[end]["ip"]) for flow in flows for end in ("client", "server") if flow[end]]


def mapping(before, after):
    """What stands for each address; fails where it is not one to one."""
    to = {}
    for one, other in zip(ends_of(before), ends_of(after)):
        assert to.setdefault(one, other) == other, (one, to[one], other)
    assert len(set(to.values())) == len(to)
    return to


def keeps_prefixes(to):
    """Whether addresses share as many bits as those that they stand for."""
    def common(a, b):
        return a.max_prefixlen - (int(a) ^ int(b)).bit_length()
    for version in (4, 6):
        of = sorted(a for a in to if a.version == version)
        if any(common(a, b) != common(to[a], to[b]) for a, b in zip(of, of[1:])):
            return False
    return True


def kept(address):
    """Such stand for themselves, or may."""
    return address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local or int(address) in (0xFFFFFFFF,)


def leaks(octets, originals, text=True):
    """Original addresses that stand in it, as text or as octets."""
    found = []
    for address in originals:
        if kept(address):
            continue
        if text:
            if re.search(rb"(?<![0-9a-fA-F.:])" + re.escape(str(address).encode()) + rb"(?![0-9a-fA-F])", octets):
                found.append(str(address))
        elif address.packed in octets:
            found.append(str(address))
    return found
