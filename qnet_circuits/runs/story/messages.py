"""Messages: which node sends which result to which node, and when; and the time from which each node knows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.circuit import Clbit

from qnet_circuits.backends.simulation.branches import Written
from qnet_circuits.classical import read_bits, written_bits
from qnet_circuits.compiling.compiled import CompiledItem
from qnet_circuits.programs.instructions import CORRECT
from qnet_circuits.programs.locality import Announcement, name_of, node_of
from qnet_circuits.runs.story.acts import Act

#: How ordinal numbers end, if not in th.
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
#: A result as the program calls it: the bit's name, and which time the bit was written.
Named = tuple[str, int]


@dataclass(frozen=True)
class Message:
    """Results on their way from one node to another.

    Args:
        source: The node that measured them.
        target: The node that needs them.
        results: The results.
        sent_s: The time of sending, at the end of the measurement, in seconds.
        arrives_s: The time of arrival, in seconds.
        said: The content of an announcement, in words.
        outcomes: The bits of the program that are announced, as the source reads them.
    """

    source: str
    target: str
    results: tuple[Written, ...]
    sent_s: float
    arrives_s: float
    said: str = ""
    outcomes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Need:
    """A node needs a result that another node measured."""

    result: Written
    target: str


def needs_of(source: QuantumCircuit, item: CompiledItem) -> list[Need]:
    """Return the results that corrections and decisions need from other nodes, as bits of the compiled circuit."""
    nodes, number = node_of(source), _numbers(item.circuit)
    stands = _stand_ins(source, item)
    at: dict[Clbit, tuple[str, Named]] = {}
    writes: dict[Clbit, int] = {}
    found: dict[Need, None] = {}
    for instruction in source.data:
        reads = instruction.clbits if instruction.name == CORRECT else read_bits(instruction)
        for bit in reads:
            node, named = at.get(bit, ("", ("", 0)))
            target = nodes[instruction.qubits[0]] if instruction.qubits else ""
            if node and target and node != target:
                name, write = stands.get(named, named)
                found[Need((number[name], write), target)] = None
        for bit in written_bits(instruction):
            writes[bit] = writes.get(bit, 0) + 1
            at[bit] = nodes[instruction.qubits[0]], (name_of(source, bit), writes[bit])
    return list(found)


def _numbers(circuit: QuantumCircuit) -> dict[str, int]:
    return {name_of(circuit, bit): k for k, bit in enumerate(circuit.clbits)}


def _stand_ins(source: QuantumCircuit, item: CompiledItem) -> dict[Named, Named]:
    """Return the extra bits of a lowered circuit for results that are overwritten later."""
    measured = [_written(source), _written(item.lowered.circuit)]
    pairs = zip(*measured, strict=False)
    return {before: after for before, after in pairs if before != after}


def _written(circuit: QuantumCircuit) -> list[Named]:
    writes: dict[Clbit, int] = {}
    found = []
    for instruction in circuit.data:
        for bit in written_bits(instruction):
            writes[bit] = writes.get(bit, 0) + 1
            if instruction.name == "measure":
                found.append((name_of(circuit, bit), writes[bit]))
    return found


def names_of(source: QuantumCircuit, item: CompiledItem, results: Iterable[Written]) -> dict[Written, str]:
    """Return the program's names of results: the bit, and the ordinal of its value if the bit is written several times.

    Args:
        source: The program's circuit.
        item: The compiled circuit, in which overwritten results may have extra bits.
        results: The results.
    """
    meant = {after: before for before, after in _stand_ins(source, item).items()}
    circuit = item.circuit
    own = {each: (name_of(circuit, circuit.clbits[each[0]]), each[1]) for each in results}
    found = {each: meant.get(named, named) for each, named in own.items()}
    often = Counter(name for name, _ in found.values())
    return {
        each: name if often[name] == 1 else f"{write}{_ENDINGS.get(write, 'th')} {name}"
        for each, (name, write) in found.items()
    }


def frame_needs(item: CompiledItem, measured: Mapping[Written, tuple[str, Act]]) -> list[Need]:
    """Return the results that nodes need to read their own bits, if a Pauli frame flips them."""
    found: dict[Need, None] = {}
    for reading in readings_of(item, measured).values():
        for other in reading.others:
            if measured[other][0] != reading.node:
                found[Need(other, reading.node)] = None
    return list(found)


@dataclass(frozen=True)
class Reading:
    """A bit of the program as software reads it: the parity of some results.

    Args:
        node: The node that measures the bit.
        own: The last result of the bit itself.
        results: The results whose parity is the bit.
        sampled: Whether errors of links that software samples flip it, too.
    """

    node: str
    own: Written
    results: tuple[Written, ...]
    sampled: bool

    @property
    def others(self) -> tuple[Written, ...]:
        """The results that correct the bit."""
        return tuple(each for each in self.results if each != self.own)

    @property
    def corrects(self) -> bool:
        """Whether the bit may differ from its own result."""
        return self.sampled or self.results != (self.own,)


def readings_of(item: CompiledItem, measured: Mapping[Written, tuple[str, Act]]) -> dict[str, Reading]:
    """Return for each measured bit of the program, by name, how software reads it."""
    forms, number = item.lowered.forms, _numbers(item.circuit)
    last = {result[0]: result for result in sorted(measured)}
    columns = [last.get(number[f"{register}[{k}]"]) for register, k in forms.raw]
    found = {}
    for register, parities in forms.registers.items():
        for k, form in enumerate(parities):
            own = last.get(number.get(f"{register}[{k}]", -1))
            parts = [columns[each] for each in form if each < len(columns)]
            results = tuple(each for each in parts if each is not None)
            if own is not None:
                sampled = any(each >= len(columns) for each in form)
                found[f"{register}[{k}]"] = Reading(measured[own][0], own, results, sampled)
    return found


def learnt_by(
    measured: Mapping[Written, tuple[str, Act]], messages: Iterable[Message]
) -> dict[str, dict[Written, float]]:
    """Return for each node the time from which it knows each result, by its measurements and by messages."""
    found: dict[str, dict[Written, float]] = {}
    for result, (node, act) in measured.items():
        found.setdefault(node, {})[result] = act.end
    for message in messages:
        for result in message.results:
            own = found.setdefault(message.target, {})
            own[result] = min(own.get(result, message.arrives_s), message.arrives_s)
    return found


def messages_of(
    needs: Iterable[Need], measured: Mapping[Written, tuple[str, Act]], latency: float
) -> list[Message]:
    """Return the messages. Results that are measured at the same time for the same node share a message."""
    together: dict[tuple[float, str, str], list[Written]] = {}
    for need in needs:
        if need.result in measured:
            source, act = measured[need.result]
            together.setdefault((act.end, source, need.target), []).append(need.result)
    return [
        Message(source, target, tuple(dict.fromkeys(results)), end, end + latency)
        for (end, source, target), results in sorted(together.items())
    ]


def announcements(
    said: Sequence[Announcement],
    ends: Mapping[str, float],
    latency: float,
    readings: Mapping[str, Reading],
    learnt: Mapping[str, Mapping[Written, float]],
) -> list[Message]:
    """Return the announcements of nodes.

    A node announces after it has measured, has heard all earlier announcements to it, and has heard the results that correct
    the outcomes which it announces.

    Args:
        said: The announcements, in order.
        ends: The end of the last operation of each node, in seconds.
        latency: The duration of a message, in seconds.
        readings: How software reads each bit of the program.
        learnt: For each node the time from which it knows each result.
    """
    ready, found = dict(ends), list[Message]()
    for each in said:
        names = tuple(f"{register}[{k}]" for register, k in each.results)
        own = learnt.get(each.source, {})
        read = [own.get(result, 0.0) for name in names for result in readings[name].results]
        sent = max([ready.get(each.source, 0.0), *read])
        found.append(Message(each.source, each.target, (), sent, sent + latency, each.what, names))
        ready[each.target] = max(ready.get(each.target, 0.0), sent + latency)
    return found
