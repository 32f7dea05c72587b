"""Blocks of a pcapng file, octet for octet, and taking our comments out of them again."""
import struct
from dataclasses import dataclass

SECTION, INTERFACE, OBSOLETE, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
PACKETS = (OBSOLETE, SIMPLE, ENHANCED)
END, COMMENT = 0, 1
OURS = b"tcpautopsy: "


@dataclass
class Block:
    kind: int
    order: str  # of struct: "<" or ">"
    octets: bytes

    def options_at(self):
        """Where its options begin; None for kinds that comments are not put into."""
        if self.kind == SECTION:
            return 24
        if self.kind in (ENHANCED, OBSOLETE):
            captured, = struct.unpack_from(self.order + "I", self.octets, 20)
            return 28 + captured + -captured % 4
        return None


def blocks(octets):
    """All blocks; what follows the last whole one is left out."""
    at, order, found = 0, "<", []
    while at + 12 <= len(octets):
        kind, = struct.unpack_from(order + "I", octets, at)
        if kind == SECTION:
            order = "<" if octets[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        length, = struct.unpack_from(order + "I", octets, at + 4)
        if length < 12 or length % 4 or at + length > len(octets):
            break
        found.append(Block(kind, order, octets[at:at + length]))
        at += length
    return found


def options(block):
    """(offset, code, value) up to the end of options, that included."""
    at = block.options_at()
    while at is not None and at + 4 <= len(block.octets) - 4:
        code, length = struct.unpack_from(block.order + "HH", block.octets, at)
        if at + 4 + length > len(block.octets) - 4:
            return
        yield at, code, block.octets[at + 4:at + 4 + length]
        if code == END:
            return
        at += 4 + length + -length % 4


def comments(block):
    return [value.decode() for _, code, value in options(block) if code == COMMENT] if block.options_at() else []


def ours(block):
    return [text for text in comments(block) if text.startswith(OURS.decode())]


def without_ours(block, original):
    """The block without our comments; an end of options that came with them goes too."""
    mine = [(at, value) for at, code, value in options(block) if code == COMMENT and value.startswith(OURS)]
    body = block.octets[:-4]
    for at, value in reversed(mine):
        body = body[:at] + body[at + 4 + len(value) + -len(value) % 4:]
    had_end = any(code == END for _, code, _ in options(original))
    if mine and not had_end and body[-4:] == bytes(4):
        body = body[:-4]
    body = body[:4] + struct.pack(block.order + "I", len(body) + 4) + body[8:]
    if block.kind == SECTION and body[16:24] == b"\xff" * 8:
        body = body[:16] + original.octets[16:24] + body[24:]  # the one thing that is not kept
    return body + struct.pack(block.order + "I", len(body) + 4)


def differences(original, annotated):
    """Numbers of blocks that are not as they were, our comments aside; empty for a round trip without loss."""
    before, after = blocks(original), blocks(annotated)
    if len(before) != len(after):
        return [min(len(before), len(after))]
    return [i for i, (old, new) in enumerate(zip(before, after))
            if (old.octets != new.octets if new.options_at() is None else old.octets != without_ours(new, old))]
