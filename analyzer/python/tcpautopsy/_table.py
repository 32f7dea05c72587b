"""Flows, transitions, findings and incidents as rows of a table."""

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from tcpautopsy._model import Finding, Flow, Incident, Row, Transition

if TYPE_CHECKING:
    import pandas

Item = Flow | Transition | Finding | Incident
Part = Literal["history", "findings"]


@functools.cache
def _value_types(kind: type) -> dict[str, type | None]:
    """The fields of a class, each with the class of its value where that has fields of its own, None or not."""
    hints = typing.get_type_hints(kind)
    return {field.name: _value_type(hints[field.name]) for field in dataclasses.fields(kind)}


def _value_type(hint: Any) -> type | None:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next((kind for kind in kinds if dataclasses.is_dataclass(kind)), None)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value


def _columns(prefix: str, kind: type, item: Any) -> Iterator[tuple[str, Any]]:
    for name, inner in _value_types(kind).items():
        value = None if item is None else getattr(item, name)
        if inner is None:
            yield prefix + name, _plain(value)
        else:
            yield from _columns(f"{prefix}{name}_", inner, value)


def _row(item: Any) -> Row:
    row = dict(_columns("", type(item), item))
    if isinstance(item, Flow):
        row["findings"] = [finding.id for finding in item.findings]
        del row["history"]
    return row


def rows(items: Iterable[Item], of: Part | None = None) -> Iterator[Row]:
    """A dict for each: columns by name, those of values within a value joined by "_" (``client_address_ip``, ``frame_number``),
    enumerations as their words, times in nanoseconds.

    A flow has the ids of its findings and no history; ``of="history"`` gives a row for each transition of the flows, ``of="findings"``
    for each finding, with the number of the flow as ``flow``."""
    if of is None:
        yield from map(_row, items)
        return
    for flow in items:
        if not isinstance(flow, Flow):
            raise TypeError(f"only flows have {of}, not {type(flow).__name__}")
        for item in flow.history if of == "history" else flow.findings:
            yield {"flow": flow.number, **_row(item)}


def _column(pandas: Any, values: list[Any]) -> Any:
    """Whole numbers of which some are missing would become floating point, which has no room for nanoseconds since 1970."""
    known = [value for value in values if value is not None]
    if 0 < len(known) < len(values) and all(type(value) is int for value in known):
        return pandas.array(values, dtype="Int64")
    return values


def to_pandas(items: Iterable[Item], of: Part | None = None) -> "pandas.DataFrame":
    """The rows of ``rows()`` as a pandas.DataFrame. Instants stay integers, exact to the nanosecond, with pandas.NA where
    there is none: ``pandas.to_datetime(frame.first_time_ns, unit="ns", utc=True)`` makes dates of them.

    Raises ImportError where pandas is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_pandas() needs pandas, which is not installed (Debian: python3-pandas); rows() does without") from error
    table = list(rows(items, of))
    return pandas.DataFrame({name: _column(pandas, [row[name] for row in table]) for name in (table[0] if table else ())})
