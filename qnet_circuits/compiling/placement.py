"""Placement: the physical qubits of a program's wires, and SWAPs if there is no other way.

Without SWAPs a layout is an embedding. If there is none, patterns of SWAPs are found somewhere on the device, and each pattern
is embedded again at the place with the least loss. All random choices use seeds of this file: the places of circuits follow
from the program, the device and the options only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from qiskit import QuantumCircuit
from qiskit.transpiler import TranspilerError

from qnet_circuits.compiling.building import Pairs, interactions
from qnet_circuits.compiling.embedding import embed
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.compiling.moving import moving
from qnet_circuits.compiling.prices import Prices, Uses, loss
from qnet_circuits.compiling.routing import Routed, Router, Routing, follow, meetings
from qnet_circuits.compiling.wide_decisions import is_wide, with_narrow_decisions
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import LayoutError

#: Wires up to which many patterns of SWAPs are tried; how many of each kind for few wires, and for many.
_FEW_WIRES, _TRIES, _FEWER_TRIES = 24, 8, 2
#: Patterns with late measurements to give, for each with SABRE's order.
_LATE = 3 / 4
#: Places to give of a pattern of SWAPs: the patterns differ more than its places.
_FEW_PLACES = 3
#: How many patterns in which wires move once are looked at, and for how many of them other places are.
_MOVED, _EMBEDDED = 45, 20
#: Losses rank patterns while they are small. If the least is more than this, where a seventh of a state is left, all are given.
_LOSSY = 2.0
#: How many couplings apart two wires may begin that SWAPs bring together.
_REACH = 3


@dataclass(frozen=True)
class _Start:
    """Where circuits that meet alike begin.

    Args:
        cost: What is lost there.
        layout: The qubit of each wire.
        router: What puts SWAPs in, if there must be any.
    """

    cost: float
    layout: Sequence[int] | None
    router: Router | None = None

    def place(self, circuit: QuantumCircuit) -> Routed:
        """Place a circuit here."""
        if self.router is not None:
            return self.router.route(circuit, self.layout)
        assert self.layout is not None
        return Routed(circuit, tuple(self.layout), tuple(self.layout))


#: Patterns, the least loss first; of each the places on the device; of each of these the ways to put SWAPs in.
_Patterns = list[list[list[_Start]]]


class _Placer:
    """Finds where circuits may begin, where there are prices: on a device, on what of it can be trusted, or on measured links.

    Args:
        prices: The prices.
        patterns: How many patterns of SWAPs in SABRE's order to give.
        places: How many places of each.
    """

    def __init__(self, prices: Prices, patterns: int = 1, places: int = 1) -> None:
        self._prices, self._patterns, self._places = prices, patterns, places

    @cached_property
    def _router(self) -> Router:
        return Router(self._prices.couplings)

    def without_swaps(self, circuit: QuantumCircuit) -> _Patterns:
        """Return the places of a circuit without SWAPs: one pattern, if it fits."""
        if circuit.num_qubits > len(self._prices.qubits):
            return []
        found = embed(Uses.of(circuit, self._prices), self._prices)[: self._places]
        return [[[_Start(cost, layout)] for cost, layout in found]] if found else []

    def with_swaps(self, circuit: QuantumCircuit) -> _Patterns:
        """Return the places of a circuit with SWAPs; nothing if no part of the device has room.

        Raises:
            LayoutError: If it needs SWAPs inside its control flow.
        """
        circuit = with_narrow_decisions(circuit)
        if any(map(is_wide, circuit.data)):
            router = self._router.knowing({})
            with suppress(TranspilerError):
                router.route(circuit, None)
                return [[[_Start(0.0, None, router)]]]
            return []
        if moved := self._with_moves(circuit):
            return moved
        found: dict[Routing, None] = {}
        for seed, begin in enumerate(self._begins(circuit)):
            with suppress(TranspilerError):
                found[self._router.find(circuit, begin, seed)] = None
        late = dict.fromkeys(routing.late(meetings(circuit)) for routing in found)
        # Neither order is better everywhere, and the price cannot tell which one is.
        early = self._differing(circuit, found, False)[: self._patterns]
        other = self._differing(circuit, [each for each in late if each not in found], True)
        return _sorted([*early, *other[: int(_LATE * self._patterns)]])

    def _with_moves(self, circuit: QuantumCircuit) -> _Patterns:
        """Return the places of a circuit of few wires of which each moves once at most; nothing if that does not do."""
        if circuit.num_qubits > min(_FEW_WIRES, len(self._prices.qubits)):
            return []
        found = [self._routed(circuit, routing) for routing in moving(circuit, self._prices)[:_MOVED]]
        found.sort(key=lambda each: each[2].cost(each[1].qubits, self._prices))
        patterns = _sorted([self._moved(circuit, each, k < _EMBEDDED) for k, each in enumerate(found)])
        lossy = bool(patterns) and patterns[0][0][0].cost > _LOSSY
        return patterns if lossy else patterns[: self._patterns + int(_LATE * self._patterns)]

    def _routed(self, circuit: QuantumCircuit, routing: Routing) -> tuple[Routing, Routed, Uses]:
        """Return a pattern of SWAPs with the circuit that follows it, and what this does."""
        routed = follow(circuit, routing)
        return routing, routed, Uses.of(routed.circuit, self._prices)

    def _begins(self, circuit: QuantumCircuit) -> list[tuple[int, ...] | None]:
        """Return layouts to route from, None where SABRE chooses."""
        if circuit.num_qubits > len(self._prices.qubits):
            return []
        if circuit.num_qubits > _FEW_WIRES:
            return [None] * _FEWER_TRIES
        near = embed(Uses.of(circuit, self._prices), self._prices, _REACH)
        return [*([None] * _TRIES), *(layout for _, layout in near[:_TRIES])]

    def _differing(self, circuit: QuantumCircuit, found: Iterable[Routing], late: bool) -> _Patterns:
        """Return patterns of SWAPs in the places where least is lost."""
        return _sorted(
            [self._moved(circuit, self._routed(circuit, each), True, late, (False, True)) for each in found]
        )

    def _moved(
        self,
        circuit: QuantumCircuit,
        pattern: tuple[Routing, Routed, Uses],
        embedded: bool = True,
        late: bool = False,
        anew: Sequence[bool] = (),
    ) -> list[list[_Start]]:
        """Return the places of a pattern of SWAPs; where it is, if there is no search or it finds no place.

        Args:
            circuit: The circuit.
            pattern: The pattern, the circuit that follows it, and what this does.
            embedded: Whether other places are looked for.
            late: Whether it has late measurements.
            anew: Orders, late or not, in which each place can also be had with SWAPs that are found there when it is asked for.
        """
        (routing, routed, uses), met = pattern, meetings(circuit)
        found = (embedded and embed(uses, self._prices)) or [
            (uses.cost(routed.qubits, self._prices), routed.qubits)
        ]
        places = []
        for cost, layout in found[: min(self._places, _FEW_PLACES)]:
            there = routing.moved(dict(zip(routed.qubits, layout, strict=True)))
            known = self._router.knowing({met: there}, late)
            again = [self._router.knowing({}, order) for order in anew]
            places.append([_Start(cost, there.layout, router) for router in (known, *again)])
        return places


def _sorted(patterns: _Patterns) -> _Patterns:
    """Return patterns, the least loss first, and of those that begin alike at the same loss only the first."""
    first: dict[tuple[float, tuple[int, ...]], list[list[_Start]]] = {}
    for places in patterns:
        best = places[0][0]
        first.setdefault((best.cost, tuple(best.layout or ())), places)
    return [first[key] for key in sorted(first)]


class _Finder:
    """Finds where circuits may begin on a device.

    Qubits and couplings whose calibration failed are used only if the SWAPs around them would lose more.
    """

    def __init__(self, device: Device, patterns: int, places: int) -> None:
        self._device, self._most = device, (patterns, places)
        self._trusted = _Placer(Prices.of(device), *self._most)

    @cached_property
    def _whole(self) -> _Placer:
        """Finds places on all couplings, doubtful ones included."""
        return _Placer(Prices.of(self._device, doubtful=True), *self._most)

    def starts(self, circuit: QuantumCircuit) -> _Patterns:
        """Return where a circuit may begin, or raise LayoutError."""
        device = self._device
        if circuit.num_qubits > device.num_qubits:
            raise LayoutError(
                f"the circuit has {circuit.num_qubits} wires, the device only {device.num_qubits} qubits; "
                "use a larger device, fewer hops or parties, or no device"
            )
        if found := self._trusted.without_swaps(circuit):
            return found
        around: _Patterns = []
        with suppress(LayoutError):  # On all couplings it may still fit.
            around = self._trusted.with_swaps(circuit)
        either = [each for each in (around, self._whole.without_swaps(circuit)) if each]
        if either:
            return min(either, key=lambda patterns: patterns[0][0][0].cost)
        if found := self._whole.with_swaps(circuit):
            return found
        raise LayoutError(
            f"no connected part of {device.name} is large enough for the circuits; use another device"
        )


#: A placement of a program: its circuits, each placed when it is called.
Placed = Sequence[Callable[[], Routed]]
#: Placements of a program: of each pattern of SWAPs, its places on the device, and of each of these the ways to put SWAPs in.
Placements = Sequence[Sequence[Sequence[Placed]]]


def place_all(circuits: Sequence[QuantumCircuit], device: Device, patterns: int, places: int) -> Placements:
    """Return placements of a program's circuits, the least loss first; circuits whose wires meet in the same pairs share one.

    Args:
        circuits: The lowered circuits.
        device: The device.
        patterns: How many patterns of SWAPs to return at most; without SWAPs there is one.
        places: How many places of each.

    Raises:
        LayoutError: If a circuit does not fit on the device.
    """
    return _placed(circuits, _Finder(device, patterns, places).starts)


def place_measured(
    circuits: Sequence[QuantumCircuit], device: Device, measured: MeasuredLinks
) -> list[Routed]:
    """Place every circuit on measured links, those with the best fidelities, and on no other qubit.

    Raises:
        LayoutError: If a link is no coupling of the device, or a circuit does not fit on the links.
    """
    measured.check(device)
    qubits, widest = measured.qubits, max(circuit.num_qubits for circuit in circuits)
    if widest > len(qubits):
        raise LayoutError(
            f"the circuits need {widest} qubits, and {measured.source} has only {len(qubits)}; measure more links, or "
            "leave layout out"
        )
    links = {frozenset((a, b)): loss(lack, 4 / 3) for a, b, lack in measured.links}
    placer = _Placer(Prices(links, dict.fromkeys(qubits, (0.0, 0.0, 0.0, 0.0))))

    def starts(circuit: QuantumCircuit) -> _Patterns:
        if found := placer.without_swaps(circuit) or placer.with_swaps(circuit):
            return found
        raise LayoutError(
            f"the circuits fit nowhere on the links of {measured.source}; measure more links, or leave layout out"
        )

    return [place() for place in _placed(circuits, starts)[0][0][0]]


def _placed(circuits: Sequence[QuantumCircuit], starts: Callable[[QuantumCircuit], _Patterns]) -> Placements:
    kinds: dict[Pairs, _Patterns] = {}
    of = [interactions(circuit) for circuit in circuits]
    for circuit, pairs in zip(circuits, of, strict=True):
        if pairs not in kinds:
            kinds[pairs] = starts(circuit)

    def placed(*at: int) -> Placed:
        chosen = {pairs: _nth(found, *at) for pairs, found in kinds.items()}
        return [partial(chosen[pairs].place, circuit) for circuit, pairs in zip(circuits, of, strict=True)]

    def numbers(*at: int) -> range:
        return range(max(len(_nth(found, *at)) for found in kinds.values()))

    return [
        [[placed(pattern, place, way) for way in numbers(pattern, place)] for place in numbers(pattern)]
        for pattern in numbers()
    ]


def _nth(values: Any, *at: int) -> Any:
    """Return what stands at some numbers in sequences of sequences, the last one where there are fewer."""
    for n in at:
        values = values[min(n, len(values) - 1)]
    return values
