"""Copies: one program several times side by side on a device, each copy on qubits of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.compiler import compile_program, lowered_for
from qnet_circuits.compiling.embedding import embed
from qnet_circuits.compiling.packing import Packing, Spot, packed
from qnet_circuits.compiling.prices import Edge, Prices, Uses, gates_of
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import LayoutError, ParameterError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program

#: Partial layouts for each qubit under the last wire that the search for places keeps at least: of up to six wires on a
#: heavy-hex lattice that is all there are.
_EACH = 12
#: So many couplings at which copies touch are named in a note.
_NAMED = 12
#: An ideal value that is below another by less is the same, but for rounding.
_ROUNDING = 1e-9
#: What ``copies`` may be beside a number.
MOST = "max"


@dataclass(frozen=True)
class Standard:
    """The standard that each copy must meet.

    Args:
        figure: The figure by which copies are judged; it has an ideal value.
        worst: The worst allowed predicted value: the smallest one, or the largest one if the ideal value lies below it.
        value: Predicts it for a compiled program.
    """

    figure: Figure
    worst: float
    value: Callable[[Compiled], float]

    def met(self, compiled: Compiled) -> bool:
        """Tell whether a compiled program reaches it."""
        value = self.value(compiled)
        return value <= self.worst if self._at_most else value >= self.worst

    @property
    def _at_most(self) -> bool:
        return self.figure.ideal is not None and self.figure.ideal < self.worst - _ROUNDING

    def __str__(self) -> str:
        return f"{self.figure.name} {'<=' if self._at_most else '>='} {self.worst:g}"


def compile_copies(
    program: Program,
    device: Device | None,
    *,
    copies: int | str,
    standard: Callable[[], Standard],
    layout: Any = None,
    **options: Any,
) -> Compiled:
    """Compile a program several times, for places of a device that share no qubit.

    Args:
        program: The program.
        device: The device.
        copies: Number of copies; ``max`` for as many as fit.
        standard: Gives the standard of each copy, if the compiler chooses the places.
        layout: The qubits of each copy; ``auto`` if the compiler chooses them.
        **options: The other options of ``compile_program``.

    Returns:
        The program with a circuit of its own for each copy.

    Raises:
        UnsupportedError: If there is no device, or the program fixes its own place.
        LayoutError: If fewer copies fit than requested, or two given copies share a qubit.
    """
    if device is None:
        raise UnsupportedError("copies lie side by side on a device; name one, for example aer:fake_torino")
    if any(item.layout is not None for item in program):
        raise UnsupportedError(
            "this protocol decides where its circuits lie, so it has no copies; leave copies out"
        )
    make = cache(lambda qubits: compile_program(program, device, layout=qubits, **options))
    if isinstance(layout, Sequence) and not isinstance(layout, str):
        made = [make(qubits) for qubits in _given(layout, copies)]
        _check_apart(made)
        return _side_by_side(made, ("copies lie where they were told to",))
    if layout not in (None, "auto"):
        raise UnsupportedError(
            "copies lie where their predicted figure is best, or on a list of qubits for each copy; leave layout out"
        )
    wanted = standard()
    found = _chosen(program, device, copies, lambda spot: wanted.met(make(spot.layout)), options)
    if not found.spots:
        raise LayoutError(
            f"no place on {device.name} is predicted to have {wanted}; allow a worse copy (worst_copy)"
        )
    said = "the most that fit" if copies == MOST else "the best that were found"
    proof = "" if found.proven or copies != MOST else ", as far as the search came"
    note = f"copies: {said}, of {found.among} places, where the calibration predicts {wanted} of each{proof}"
    return _side_by_side([make(spot.layout) for spot in found.spots], (note,))


def _given(layout: Sequence[Any], copies: int | str) -> list[tuple[int, ...]]:
    """Return the qubits of each copy, as they were given."""
    if not all(isinstance(each, Sequence) and not isinstance(each, str) for each in layout):
        raise ParameterError(
            f"copies={copies} needs a layout of one list of qubits for each copy, got {layout!r}"
        )
    if copies not in (MOST, len(layout)):
        raise ParameterError(f"copies={copies} needs a list of qubits for each copy, got {len(layout)} lists")
    return [tuple(each) for each in layout]


def _check_apart(copies: Sequence[Compiled]) -> None:
    """Check that SWAPs take no copy beyond its own qubits, and that no two copies share one."""
    for number, copy in enumerate(copies, 1):
        for item in copy:
            if away := set(item.qubits) - set(item.layout):
                raise LayoutError(
                    f"copy {number} lacks a coupling where its wires meet: SWAPs would take it over {_listed(away)}, which "
                    "may be another copy's; choose qubits that are coupled"
                )
    used = [{qubit for item in copy for qubit in item.qubits} for copy in copies]
    for (a, first), (b, second) in combinations(enumerate(used, 1), 2):
        if shared := first & second:
            raise LayoutError(f"copies {a} and {b} share {_listed(shared)}; give each qubits of its own")


def _listed(qubits: set[int]) -> str:
    return f"qubit{'s' * (len(qubits) > 1)} {', '.join(map(str, sorted(qubits)))}"


def _chosen(
    program: Program,
    device: Device,
    copies: int | str,
    holds: Callable[[Spot], bool],
    options: Mapping[str, Any],
) -> Packing:
    """Return places for copies, without SWAPs."""
    low = lowered_for(program, device, options["corrections"], options["carrier"], options["emulate_links"])
    circuits = [each.circuit for each in low]
    if len({circuit.num_qubits for circuit in circuits}) > 1:
        raise UnsupportedError(
            "the circuits of this protocol have different numbers of wires, so that copies of them have no place of their "
            "own; leave copies out"
        )
    prices = Prices.of(device)
    spots = _spots(_together([Uses.of(circuit, prices) for circuit in circuits]), prices)
    if not spots:
        raise LayoutError(
            f"no qubits of {device.name} are coupled as the circuits need it, and copies take no SWAPs; leave copies out"
        )
    return packed(spots, prices.couplings, holds, None if copies == MOST else int(copies))


def _together(uses: Sequence[Uses]) -> Uses:
    """Return the combined uses of circuits on the same wires."""
    meetings: Counter[Edge] = Counter()
    for each in uses:
        meetings += each.meetings
    wires = tuple(
        tuple(map(sum, zip(*each, strict=True))) for each in zip(*(u.wires for u in uses), strict=True)
    )
    return Uses(meetings, wires)  # type: ignore[arg-type]  # Four amounts of each wire, as before.


def _spots(uses: Uses, prices: Prices) -> list[Spot]:
    """Return places all over a device, of those on the same qubits the one of the least loss.

    The search for one place keeps those near the best. So it begins again without the qubits of the best one, until nothing is
    left.
    """
    found: dict[Edge, Spot] = {}
    while len(prices.qubits) >= len(uses.wires) and (layouts := embed(uses, prices, each=_EACH)):
        for loss, layout in layouts:
            spot = Spot(layout, loss)
            found.setdefault(frozenset(layout), spot)
            if loss < found[frozenset(layout)].loss:
                found[frozenset(layout)] = spot
        prices = _without(prices, layouts[0][1])
    return list(found.values())


def _without(prices: Prices, qubits: Sequence[int]) -> Prices:
    gone = frozenset(qubits)
    return Prices(
        {edge: price for edge, price in prices.couplings.items() if gone.isdisjoint(edge)},
        {qubit: price for qubit, price in prices.qubits.items() if qubit not in gone},
        prices.usable,
    )


def _side_by_side(copies: Sequence[Compiled], said: tuple[str, ...]) -> Compiled:
    """Return copies of a program as one, with a circuit for each copy."""
    items = tuple(
        replace(item, name=f"{item.name}@{number}", copy=number)
        for number, copy in enumerate(copies, 1)
        for item in copy
    )
    whole = replace(copies[0], items=items)
    touching = touching_couplings(whole)
    if touching:
        listed = ", ".join("-".join(map(str, pair)) for pair, _ in touching[:_NAMED])
        more = f" and {len(touching) - _NAMED} couplings more" if len(touching) > _NAMED else ""
        said += (
            f"copies touch at {listed}{more}: what their qubits do to each other across these couplings is in no prediction "
            "and in no simulation of this library",
        )
    notes = dict.fromkeys([*(note for copy in copies for note in copy.notes), *said])
    return replace(whole, notes=tuple(notes))


def qubits_of(compiled: Compiled) -> list[list[int]]:
    """Return the physical qubits of each copy."""
    used: dict[int, dict[int, None]] = {}
    for item in compiled:
        used.setdefault(item.copy, {}).update(dict.fromkeys(item.qubits))
    return [list(qubits) for qubits in used.values()]


def touching_couplings(compiled: Compiled) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the couplings that join two copies, each with the numbers of these copies."""
    assert compiled.device is not None
    owner = {qubit: number for number, own in enumerate(qubits_of(compiled), 1) for qubit in own}
    pairs = sorted((min(edge), max(edge)) for edge in gates_of(compiled.device) if edge <= owner.keys())
    return [((a, b), (owner[a], owner[b])) for a, b in pairs if owner[a] != owner[b]]


def of_copy(figure: Figure, number: int) -> Figure:
    """Return a figure of one copy's circuits."""
    return figure.mapped(lambda event: replace(event, item=f"{event.item}@{number}"))
