"""Captures to flows: the way in."""

import os
import types
import warnings
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Self, TypedDict, Unpack

from tcpautopsy import _core
from tcpautopsy._model import Finding, Flow, InputError, Result, StreamReader

Detector = Callable[[Flow], Iterable[Finding] | None]
Path = str | os.PathLike[str]

library_version = _core.library_version


class DamageWarning(UserWarning):
    """A capture could not be read, or not to its end; what was read counts. The sentence names file, byte offset and packet."""


class Options(TypedDict, total=False):
    """What flows() and analyse() take, too; Analysis tells what each means."""

    filter: str
    merge: bool
    profile: str
    profile_numbers: Mapping[str, int] | None
    thresholds: Mapping[str, float] | None
    limits: Mapping[str, int] | None
    capture_end_ns: int | None
    detectors: Mapping[str, Detector] | None
    streams: StreamReader | None
    strict: bool


class Analysis:
    """One run over captures: an iterator over their flows, in a thread of its own that reads on while they are used.

    A flow comes once it is over, in no order of numbers. Memory hangs on what is live in the captures, not on their length. The
    library works without the GIL, so several analyses run side by side; one object is used by one thread at a time. ``close()``,
    or the end of a ``with`` block, ends it early."""

    def __init__(self, *captures: Path, filter: str = "", merge: bool = False, profile: str = "linux",
                 profile_numbers: Mapping[str, int] | None = None, thresholds: Mapping[str, float] | None = None,
                 limits: Mapping[str, int] | None = None, capture_end_ns: int | None = None,
                 detectors: Mapping[str, Detector] | None = None, streams: StreamReader | None = None,
                 strict: bool = False) -> None:
        """Checks the options and opens no file. Raises OptionError.

        captures: pcap, pcapng or snoop, compressed or not; "ARCHIVE!MEMBER"; "-" for standard input.
        filter: a pcap-filter(7) expression.
        merge: captures that overlap in time are one.
        profile: how hosts behave by the clock, "linux", "rfc9293", "windows" or "bsd".
        profile_numbers: those that are not the profile's, {"time_wait": 60_000_000_000, "syn_retries": 3}; times in nanoseconds,
            counts as they are, 0 or more.
        thresholds: {"syn_flood.min_half_open": 200}, 0 or more.
        limits: how much of each capture is kept at once, {"memory": 2**30, "records": 256}: in octets and numbers, named and
            bounded as the options ``--max-NAME`` of the command line; ``Result.limits_met`` tells which were met.
        capture_end_ns: if captures lasted longer than their last packets tell, nanoseconds since 1970.
        detectors: functions by the id of what they find. Each is called with every flow once it is over, by the thread that reads;
            what they return is added to the flow's findings, and belongs to no incident. An exception ends the analysis.
        streams: takes the bytes of connections as their applications got them. Called by the thread that reads; an exception ends
            the analysis.
        strict: raise InputError at the end of a capture that is damaged, after its flows; else it is a DamageWarning."""
        self._strict = strict
        self._result: Result | None = None
        self._reading = _core.Reading([os.fspath(capture) for capture in captures], filter, merge, profile,
                                      dict(profile_numbers or {}), dict(thresholds or {}), dict(limits or {}), capture_end_ns,
                                      dict(detectors or {}), streams)
        # Also when the interpreter ends, which must not be while the thread reads.
        self._end = weakref.finalize(self, self._reading.close)

    def __iter__(self) -> Iterator[Flow]:
        return self

    def __next__(self) -> Flow:
        """Raises InputError where nothing could be read, OSError where a temporary file fails."""
        flow = self._reading.take()
        if flow is None:
            self._conclude()
            raise StopIteration
        return flow

    def result(self) -> Result:
        """What is known once all is read; reads what is left, and leaves out its flows. Raises what iterating does, and
        RuntimeError after ``close()``."""
        for _ in self:
            pass
        if self._result is None:
            raise RuntimeError("the analysis was ended before all was read")
        return self._result

    def close(self) -> None:
        """Ends the analysis. What was read so far is lost, unless all was read."""
        self._end()

    def _conclude(self) -> None:
        read = self._reading.result()
        if self._result is not None or read is None:
            return
        self._result = read
        if self._strict and read.problems:
            raise InputError("; ".join(read.problems))
        for problem in read.problems:
            warnings.warn(problem, DamageWarning, stacklevel=3)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        stage = "all read" if self._result is not None else "reading" if self._end.alive else "closed"
        return f"<Analysis: {stage}>"


def flows(*captures: Path, **options: Unpack[Options]) -> Generator[Flow, None, None]:
    """The flows of captures, while they are read. Options and errors are those of Analysis; leaving the loop ends it."""
    with Analysis(*captures, **options) as analysis:
        yield from analysis


def analyse(*captures: Path, **options: Unpack[Options]) -> tuple[list[Flow], Result]:
    """All flows, by number, and what is known once all is read. Options and errors are those of Analysis."""
    with Analysis(*captures, **options) as analysis:
        told = sorted(analysis, key=lambda flow: flow.number)
        return told, analysis.result()
