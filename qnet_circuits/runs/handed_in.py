"""Outcomes that were measured elsewhere, in any of Qiskit's forms: counts, bit arrays, results of samplers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.primitives import BitArray, DataBin, PubResult

from qnet_circuits.backends.base import Raw
from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.runs.options import MOST_SHOTS

Bits = npt.NDArray[np.bool_]
#: Widths of a circuit's registers, in their order.
Widths = Mapping[str, int]
_TAKES = (
    "counts, a BitArray, a result of a sampler, bits by register, or an array of bits (shots, bits), bit 0 of the first "
    "register first"
)


def raws_of(data: Any, circuits: Mapping[str, Widths], optional: Sequence[str] = ()) -> dict[str, Raw]:
    """Return the raw bits of circuits.

    Args:
        data: A ``PrimitiveResult``, or one entry for each circuit, in their order or by name. For a single circuit, the entry
            alone is enough. An entry is a ``PubResult``, a ``DataBin``, a ``BitArray``, counts as Qiskit writes them (bit 0
            rightmost, the last register first, with or without spaces), a mapping of registers to bits, or an array (shots,
            bits).
        circuits: The widths of each circuit's registers, by the circuit's name.
        optional: The last circuits in order that may all be missing.

    Raises:
        ParameterError: If the data do not fit the circuits.

    Example:
        >>> raws_of([{"0 01": 2}], {"zz": {"a": 2, "b": 1}})["zz"]["a"].tolist()
        [[True, False], [True, False]]
    """
    entries = _by_circuit(data, list(circuits), len(circuits) - len(optional))
    return {name: _raw_of(name, entry, circuits[name]) for name, entry in entries.items()}


def _by_circuit(data: Any, names: Sequence[str], least: int) -> dict[str, Any]:
    """Return the entry of each circuit, with or without the optional circuits."""
    alone = isinstance(data, Mapping | DataBin | PubResult | BitArray | np.ndarray)
    given: dict[str, Any] = {}
    if isinstance(data, Mapping) and data.keys() <= set(names) and not _are_counts(data):
        given = dict(data)
    elif least == 1 and alone:
        given = {names[0]: data}
    elif isinstance(data, Iterable) and not isinstance(data, Mapping | DataBin | PubResult | BitArray | str):
        entries = list(data)
        given = dict(zip(names, entries, strict=False)) if len(entries) <= len(names) else {}
    if given.keys() not in ({*names}, {*names[:least]}):
        raise ParameterError(
            f"one entry is needed for each of the {least} circuits {', '.join(names[:least])}"
            + (f", or for those and {', '.join(names[least:])}" if names[least:] else "")
            + f"; got {_told(data)}"
        )
    return {name: given[name] for name in names if name in given}


def _told(data: Any) -> str:
    kind = type(data).__name__
    return f"{len(data)} in a {kind}" if hasattr(data, "__len__") else kind


def _raw_of(circuit: str, entry: Any, widths: Widths) -> Raw:
    """Return the raw bits of one circuit."""
    found = entry.data if isinstance(entry, PubResult) else entry
    if isinstance(found, BitArray | np.ndarray):
        raw = _split(_bits(f"circuit {circuit!r}", found, sum(widths.values())), widths)
    elif isinstance(found, Mapping) and _are_counts(found):
        raw = _split(_counted(circuit, found, widths), widths)
    elif isinstance(found, Mapping | DataBin):
        raw = _registers(circuit, dict(found.items()), widths)
    else:
        raise ParameterError(f"outcomes of circuit {circuit!r} must be {_TAKES}; got {_told(entry)}")
    shots = {len(bits) for bits in raw.values()}
    if len(shots) != 1 or not min(shots):
        raise ParameterError(
            f"the registers of circuit {circuit!r} must have the same number of shots, one or more, got {shots}"
        )
    return raw


def _are_counts(given: Mapping[Any, Any]) -> bool:
    return bool(given) and all(isinstance(value, Integral) for value in given.values())


def _registers(circuit: str, values: Mapping[Any, Any], widths: Widths) -> Raw:
    """Return the bits by register. Registers whose names an exported circuit could not keep are matched by order."""
    arrays = {name: _bits(f"register {name!r} of circuit {circuit!r}", each) for name, each in values.items()}
    lost, other = ([name for name in a if name not in b] for a, b in ((widths, arrays), (arrays, widths)))
    if len(lost) == len(other):
        arrays.update({name: arrays.pop(given) for name, given in zip(lost, other, strict=True)})
    given = {name: each.shape[1] for name, each in arrays.items()}
    if given != dict(widths):
        raise ParameterError(f"circuit {circuit!r} has {_listed(widths)}, and its outcomes {_listed(given)}")
    return {name: arrays[name] for name in widths}


def _listed(widths: Widths) -> str:
    return ", ".join(f"{name}[{width}]" for name, width in widths.items()) or "no registers"


def _bits(where: str, found: Any, width: int | None = None) -> Bits:
    """Return bits, bool array (shots, width), bit 0 first."""
    if isinstance(found, BitArray):
        bits = found.to_bool_array(order="little").reshape(-1, found.num_bits)
    elif isinstance(found, Mapping):
        raise ParameterError(
            f"{where} has separate counts, which lose the correlations with other registers; give joint counts of all "
            "registers (join_data().get_counts()), or bits"
        )
    else:
        try:
            bits = np.asarray(found)
        except ValueError:  # Rows have different lengths.
            bits = np.empty(0)
    if (
        bits.ndim != 2
        or bits.dtype.kind not in "biu"
        or (bits.size and not 0 <= bits.min() <= bits.max() <= 1)
    ):
        raise ParameterError(f"{where} must be {_TAKES}; got {_told(found)}")
    if width is not None and bits.shape[1] != width:
        raise ParameterError(f"{where} has {width} bits, got {bits.shape[1]}")
    return np.asarray(bits, dtype=bool)


def _split(bits: Bits, widths: Widths) -> Raw:
    ends = np.cumsum([*widths.values()])
    return {name: bits[:, end - widths[name] : end] for name, end in zip(widths, ends, strict=True)}


def _counted(circuit: str, counts: Mapping[Any, int], widths: Widths) -> Bits:
    """Return counts as bits of all registers, outcome after outcome."""
    rows = [[digit == "1" for digit in reversed(_digits(circuit, key, widths))] for key in counts]
    times = [check_count(f"the count of {key!r}", count, 0) for key, count in counts.items()]
    check_count(f"the shots of circuit {circuit!r}", sum(times), 0, MOST_SHOTS)
    return np.repeat(np.array(rows, dtype=bool), times, axis=0)


def _digits(circuit: str, key: Any, widths: Widths) -> str:
    """Return the digits of an outcome, the last register first."""
    total = sum(widths.values())
    if isinstance(key, Integral) and 0 <= int(key) < 2**total:
        return f"{int(key):0{total}b}"
    text = str(key)
    parts = text.split(" ")
    fits = [len(part) for part in parts] == [*widths.values()][::-1] or (
        len(parts) == 1 and len(text) == total
    )
    if not fits or set(text) - set("01 "):
        raise ParameterError(
            f"an outcome of circuit {circuit!r} must have a digit for each bit of {_listed(dict([*widths.items()][::-1]))}, "
            f"got {key!r}"
        )
    return text.replace(" ", "")
