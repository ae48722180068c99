"""A walk through a compiled circuit that finds its events, by the fences and the times of its operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qiskit import QuantumCircuit

from qnet_circuits.classical import read_bits, written_bits
from qnet_circuits.compiling.building import place_label
from qnet_circuits.compiling.compiled import CompiledItem
from qnet_circuits.devices.schedule import INSTANT, Timed, rests, waits
from qnet_circuits.runs.story.acts import Act, Acts, at

_LABEL = re.compile(r"(entangle|transmit|channel|swap)(\d+)(?::(.+?))?(?::(in|out|at))?$")
_KINDS = {"entangle": "link", "transmit": "channel", "swap": "swap"}
#: A gate and its wires.
Part = tuple[Timed, tuple[int, ...]]
#: What parts the gates of a wire into events of their own.
_ALONE = ("measure", "reset", "decision")


class _Walk:
    """A walk through a compiled circuit, in its order."""

    def __init__(self, item: CompiledItem, names: Sequence[str], timed: Sequence[Timed]) -> None:
        circuit = item.circuit
        self.times = {each.position: each for each in timed}
        self.wire = {qubit: k for k, qubit in enumerate(circuit.qubits)}
        self.number = {bit: k for k, bit in enumerate(circuit.clbits)}
        begins = [item.qubits.index(each) for each in item.layout] if item.layout else range(len(names))
        self.holds: dict[int, str] = dict(zip(begins, names, strict=False))
        self.stays: dict[str, list[tuple[float, float, int]]] = {}
        self.since = dict.fromkeys(self.holds, 0.0)
        self.ended: dict[int, float] = {}
        self.inside: dict[int, tuple[str, int]] = {}
        self.open: dict[tuple[str, int], Act] = {}
        self.group: dict[int, Act] = {}
        #: Gates that last no time and have no other gate before them since what parts gates.
        self.instant: dict[int, Timed] = {}
        self.writes: dict[int, int] = {}
        self.acts: list[Act] = []
        self.swapping: dict[int, list[int]] = {}
        #: The gates of link operations and SWAPs, and when the last that joins two wires ends.
        self.regions: dict[tuple[str, int], list[Part]] = {}
        self.joint: dict[tuple[str, int], float] = {}

    def go(self, circuit: QuantumCircuit) -> Acts:
        for position, instruction in enumerate(circuit.data):
            wires = tuple([self.wire[qubit] for qubit in instruction.qubits])
            label = place_label(instruction)
            if label is not None:
                self._fence(label, wires)
            elif instruction.name not in ("barrier", "delay") and position in self.times:
                self._operation(self.times[position], wires)
        for wire in list(self.holds):
            self._leave(wire, float("inf"))
        found = Acts(self.acts, self.stays)
        for region, parts in self.regions.items():
            found.acts += self._closed(region, parts, found)
        return found

    def _closed(self, region: tuple[str, int], parts: Sequence[Part], found: Acts) -> Iterator[Act]:
        """Yield the gates of a link operation or a SWAP: the operation, and separately the gates on only one of its ends."""
        joint = [each for each, wires in parts if len(wires) > 1] or [each for each, _ in parts]
        act = self.open.get(region) or Act(_KINDS[region[0]], 0.0, 0.0, (), (), position=region[1])
        act.start, act.end = min(each.start for each in joint), max(each.end for each in joint)
        for each, _ in sorted(parts, key=lambda part: -part[0].start):
            act.start = each.start if each.start < act.start <= each.end + INSTANT else act.start
        for each, _ in sorted(parts, key=lambda part: part[0].start):
            act.end = each.end if each.start - INSTANT <= act.end < each.end else act.end
        for each, wires in parts:
            inside = act.start - INSTANT <= each.start and each.end <= act.end + INSTANT
            time = min(each.start, joint[0].start) if inside else each.start
            names = tuple(name for wire in wires if (name := at(found, wire, time)))
            if inside:
                act.wires = tuple(dict.fromkeys((*act.wires, *wires)))
                act.qubits = tuple(dict.fromkeys((*act.qubits, *names)))
                act.gates.append(each.name)
            else:
                yield Act("gate", each.start, each.end, wires, names, [each.name])
        if region[0] != "transmit":
            yield act

    # -- which qubit is where ----------------------------------------------------------------------------------------

    def _leave(self, wire: int, time: float) -> str | None:
        name = self.holds.pop(wire, None)
        if name is not None:
            self.stays.setdefault(name, []).append((self.since.pop(wire), time, wire))
        return name

    def _hold(self, wire: int, name: str | None, time: float) -> None:
        if name is not None:
            self.holds[wire], self.since[wire] = name, time

    def _fence(self, label: str, wires: tuple[int, ...]) -> None:
        found = _LABEL.fullmatch(label)
        if found is None:
            return
        kind, number, name, end = found[1], int(found[2]), found[3], found[4]
        self._part(wires)
        if kind == "channel":
            self._channel(number, wires, single=end == "at")
        elif end == "in":
            self.inside[wires[0]] = kind, number
            self.swapping.setdefault(number, []).extend(wires if kind == "swap" else ())
        elif end == "out":
            self.inside.pop(wires[0], None)
            if kind == "swap":
                self._swap(number)
            elif kind == "transmit":
                self._cross(number, wires[0], name)

    def _swap(self, number: int) -> None:
        pair = self.swapping.pop(number, [])
        if len(pair) == 2:
            time = self.joint.get(("swap", number), max(self.ended.get(wire, 0.0) for wire in pair))
            a, b = (self._leave(wire, time) for wire in pair)
            self._hold(pair[0], b, time)
            self._hold(pair[1], a, time)

    def _cross(self, number: int, wire: int, target: str) -> None:
        """Let a qubit cross a link. The arriving qubit has another name, given by the next fence."""
        time, before = self.ended.get(wire, 0.0), self.holds.get(wire)
        act = self.open.get(("transmit", number))
        if act is None:
            act = self.open["transmit", number] = Act("channel", time, time, (wire,), (), position=number)
            self.acts.append(act)
        if before != target:
            self._leave(wire, time)
            self._hold(wire, target, time)
        act.qubits = tuple(dict.fromkeys([*act.qubits, *([before] if before else []), target]))

    def _channel(self, number: int, wires: tuple[int, ...], single: bool) -> None:
        names = tuple([self.holds.get(wire, "") for wire in wires])
        time = max([self.ended.get(wire, 0.0) for wire in wires])
        act = self.open.get(("channel", number))
        if act is None:
            act = self.open["channel", number] = Act("noise", time, time, wires, names, position=number)
            self.acts.append(act)
        act.wires, act.qubits = (
            tuple(dict.fromkeys((*act.wires, *wires))),
            tuple(dict.fromkeys((*act.qubits, *names))),
        )
        act.start = act.end = max(act.end, time)

    # -- what happens ------------------------------------------------------------------------------------------------

    def _operation(self, each: Timed, wires: tuple[int, ...]) -> None:
        instruction = each.instruction
        region = next((self.inside[wire] for wire in wires if wire in self.inside), None)
        alone = "decision" if instruction.is_control_flow() else each.name
        if region is not None and alone not in _ALONE:
            self._within(region, each, wires)
        elif alone in _ALONE:
            self._alone(alone, each, wires)
        elif each.end > each.start + INSTANT:
            self._gate(each, wires)
        elif len(wires) == 1 and wires[0] not in self.group:
            self.instant[wires[0]] = each
        if each.end > each.start + INSTANT or alone in _ALONE:
            self.ended.update(dict.fromkeys(wires, each.end))

    def _part(self, wires: tuple[int, ...]) -> None:
        """End the gates on wires. An instantaneous gate is a separate event only if it is alone."""
        for wire in wires:
            self.group.pop(wire, None)
            each = self.instant.pop(wire, None)
            if each is not None:
                self.acts.append(
                    Act("gate", each.start, each.start, (wire,), self._names((wire,)), [each.name])
                )
                self.ended[wire] = max(self.ended.get(wire, 0.0), each.start)

    def _names(self, wires: tuple[int, ...]) -> tuple[str, ...]:
        return tuple([self.holds[wire] for wire in wires if wire in self.holds])

    def _within(self, region: tuple[str, int], each: Timed, wires: tuple[int, ...]) -> None:
        """Add a gate to the link operation or SWAP to which it belongs."""
        if each.end > each.start + INSTANT:
            self.regions.setdefault(region, []).append((each, wires))
        if len(wires) > 1:
            self.joint[region] = each.end

    def _add(self, act: Act, each: Timed, wires: tuple[int, ...]) -> None:
        act.start, act.end = min(act.start, each.start), max(act.end, each.end)
        act.wires = tuple(dict.fromkeys((*act.wires, *wires)))
        act.qubits = tuple(dict.fromkeys((*act.qubits, *self._names(wires))))
        act.gates.append(each.name)

    def _alone(self, kind: str, each: Timed, wires: tuple[int, ...]) -> None:
        self._part(wires)
        read = [
            (self.number[bit], self.writes.get(self.number[bit], 0)) for bit in read_bits(each.instruction)
        ]
        written = []
        for bit in written_bits(each.instruction):
            number = self.number[bit]
            self.writes[number] = self.writes.get(number, 0) + 1
            written.append((number, self.writes[number]))
        self.acts.append(
            Act(
                kind,
                each.start,
                each.end,
                wires,
                self._names(wires),
                [],
                tuple(read),
                tuple(written),
                each.position,
            )
        )

    def _gate(self, each: Timed, wires: tuple[int, ...]) -> None:
        """Add a gate to the preceding event on its wires, or start a new event."""
        before = {id(act): act for wire in wires if (act := self.group.get(wire))}.values()
        joined = [act for act in before if each.start <= act.end + INSTANT]
        act = joined[0] if joined else Act("gate", each.start, each.end, (), ())
        if not joined:
            self.acts.append(act)
        for other in joined[1:]:
            self._merge(act, other)
        self._add(act, each, wires)
        self.group.update(dict.fromkeys(wires, act))
        for wire in wires:
            self.instant.pop(wire, None)

    def _merge(self, act: Act, other: Act) -> None:
        self.acts = [each for each in self.acts if each is not other]
        self.group.update({wire: act for wire, each in self.group.items() if each is other})
        act.start, act.end = min(act.start, other.start), max(act.end, other.end)
        act.wires, act.qubits = (*act.wires, *other.wires), (*act.qubits, *other.qubits)
        act.gates += other.gates


def acts_of(item: CompiledItem, names: Sequence[str], timed: Sequence[Timed]) -> Acts:
    """Return the operations of a compiled circuit in time.

    Args:
        item: The compiled circuit.
        names: The name of the program's qubit on each wire of the lowered circuit.
        timed: The times of its operations.
    """
    found = _Walk(item, names, timed).go(item.circuit)
    for wait in waits(rests(timed)):
        name = at(found, wait.wire, wait.start)
        if name:
            found.acts.append(Act("wait", wait.start, wait.end, (wait.wire,), (name,)))
    return found
