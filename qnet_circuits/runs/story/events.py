"""From the operations of a circuit and the bits of one shot to events and facts in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from qnet_circuits.backends.simulation.branches import Written
from qnet_circuits.classical import taken
from qnet_circuits.devices.schedule import INSTANT
from qnet_circuits.runs.story.acts import Act
from qnet_circuits.runs.story.messages import Message, learnt_by
from qnet_circuits.runs.story.parts import Fact, StoryEvent
from qnet_circuits.runs.story.scene import Scene, node_of_qubit, of_nodes
from qnet_circuits.runs.story.states import Told


def microseconds(seconds: float) -> str:
    """Return a time in words.

    Example:
        >>> microseconds(1.5e-6)
        '1.50 µs'
    """
    return f"{1e6 * seconds:.2f} µs"


def listed(names: Iterable[str]) -> str:
    """Return names as a list in words.

    Example:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


@dataclass(frozen=True)
class Shot:
    """One shot of a circuit.

    Args:
        scene: The circuit in time.
        values: The values of the known results.
        outcomes: The program's bits after corrections in software.
        numbers: The number of each qubit of the program.
        withheld: Whether all messages are withheld.
        probability: The probability of the results; None if unknown.
    """

    scene: Scene
    values: Mapping[Written, int]
    outcomes: Mapping[str, int]
    numbers: Mapping[str, int]
    withheld: bool = False
    probability: float | None = None

    @property
    def messages(self) -> list[Message]:
        """The messages that are sent."""
        return [] if self.withheld else self.scene.messages

    def named(self, results: Iterable[Written]) -> dict[str, int]:
        """Return results by their names in the program."""
        return {self.scene.names[each]: self.values[each] for each in sorted(results) if each in self.values}

    # -- facts -------------------------------------------------------------------------------------------------------

    def learnt(self) -> dict[str, dict[Written, float]]:
        """Return for each node the time from which it knows each result."""
        return learnt_by(self.scene.measured, self.messages)

    def told(self) -> dict[str, list[Told]]:
        """Return for each node what announced outcomes tell it: each outcome is the parity of some results.

        An outcome that contains errors which software samples tells less than this, and is left out.
        """
        found: dict[str, list[Told]] = {}
        for message in self.messages:
            for name in self.announced(message):
                reading = self.scene.readings[name]
                if not reading.sampled:
                    parity = self._parity(reading.results)
                    found.setdefault(message.target, []).append((message.arrives_s, reading.results, parity))
        return found

    def announced(self, message: Message) -> dict[str, int]:
        """Return the outcomes of an announcement as its source reads them.

        Post-selection keeps no outcome of a shot that it drops, and corrects none: there the results themselves are read.
        """
        found = {}
        for name in message.outcomes:
            reading = self.scene.readings[name]
            if name in self.outcomes:
                found[name] = self.outcomes[name]
            elif not reading.sampled:
                found[name] = self._parity(reading.results)
        return found

    def _parity(self, results: Iterable[Written]) -> int:
        return sum(self.values[each] for each in results) % 2

    def facts(self) -> dict[str, tuple[Fact, ...]]:
        """Return the facts that each node learns, in order of time."""
        found: dict[str, list[Fact]] = {node: [] for node in of_nodes(list(self.numbers))}
        for result, (node, act) in self.scene.measured.items():
            for name, value in self.named([result]).items():
                found[node].append(Fact(act.end, name, value, "measured", node))
        for message in self.messages:
            own = found[message.target]
            for name, value in self.named(message.results).items():
                own.append(Fact(message.arrives_s, name, value, "received", message.source))
            announced = self.announced(message)
            for name, value in announced.items():
                own.append(Fact(message.arrives_s, name, value, "received", message.source))
            if message.said and not announced:
                own.append(Fact(message.arrives_s, message.said, None, "received", message.source))
        for time, node, name, _ in self.readings():
            found[node].append(Fact(time, name, self.outcomes[name], "corrected", node))
        return {node: tuple(sorted(facts, key=lambda fact: fact.time_s)) for node, facts in found.items()}

    def readings(self) -> Iterator[tuple[float, str, str, tuple[Written, ...]]]:
        """Yield the time and node at which software corrects a bit, and the results that it uses, as soon as all are known."""
        learnt = self.learnt()
        for name, reading in ({} if self.withheld else self.scene.readings).items():
            own, others = learnt[reading.node], reading.others
            if reading.corrects and name in self.outcomes and all(each in own for each in others):
                yield max(own[each] for each in (reading.own, *others)), reading.node, name, others

    # -- events ------------------------------------------------------------------------------------------------------

    def events(self) -> list[StoryEvent]:
        """Return all events, in order of time."""
        found = [event for act in self.scene.acts for event in self._acted(act)]
        found += [self._sent(message) for message in self.messages]
        found += list(self._read())
        found += list(self._kept())
        end = max([event.end_s for event in found], default=0.0)
        last = StoryEvent(end, end, "end", (), text="The shot is over.")
        return [*sorted(found, key=lambda event: (event.time_s, event.end_s)), last]

    def _event(self, act: Act, kind: str, text: str, bits: Mapping[str, int] | None = None) -> StoryEvent:
        numbers = tuple([self.numbers[name] for name in act.qubits if name in self.numbers])
        return StoryEvent(act.start, act.end, kind, of_nodes(act.qubits), numbers, bits or {}, text)

    def _acted(self, act: Act) -> Iterator[StoryEvent]:
        ordered = sorted(act.qubits, key=lambda name: self.numbers.get(name, 0))
        names, nodes = listed(ordered), listed(of_nodes(ordered))
        if not act.qubits:
            return
        if act.kind == "decision":
            yield self._decided(act)
        elif act.kind == "measure":
            bits = self.named(act.written)
            said = (
                listed(f"{name} = {value}" for name, value in bits.items())
                or "a result that is overwritten later"
            )
            yield self._event(act, "measure", f"{nodes} measures {names}: {said}.", bits)
        elif act.kind == "link":
            yield self._event(
                act, "link", f"The link between {nodes} makes a Bell pair of {names}{self._quality(act)}."
            )
        elif act.kind == "channel":
            yield self._event(act, "channel", self._crossed(act))
        elif act.kind == "noise":
            yield self._event(act, "channel", f"Noise that the program declares happens to {names}.")
        elif act.kind == "swap":
            yield self._event(act, "gate", f"Routing: {names} change places on the chip.")
        elif act.kind == "reset":
            yield self._event(act, "reset", f"{nodes} resets {names} to 0.")
        elif act.kind == "wait":
            decays = ", and decays" if self.scene.device is not None and self.scene.noise.idle else ""
            yield self._event(act, "wait", f"{names} waits {microseconds(act.end - act.start)}{decays}.")
        elif act.kind == "turn":
            yield self._event(act, "wait", f"{names} are coupled neighbours at rest, and turn each other.")
        else:
            yield self._event(act, "gate", f"{nodes} acts on {names}: {_gates(act.gates)}.")

    def _quality(self, act: Act) -> str:
        channel = next((
            each for label, each in self.scene.compiled.lowered.link_noise.items()
            if label.startswith(f"entangle{act.position}:")
        ), None)  # fmt: skip
        weights = None if channel is None else channel.weights
        return "" if weights is None else f", with fidelity {weights[0]:.3g}"

    def _crossed(self, act: Act) -> str:
        first, last = self.scene.crossings.get(frozenset(act.qubits), (act.qubits[0], act.qubits[-1]))
        return f"{first} crosses the link from {node_of_qubit(first)} to {node_of_qubit(last)}, where it is {last}."

    def _decided(self, act: Act) -> StoryEvent:
        """Describe a decision in real time, and whether it changes anything."""
        node, names = listed(of_nodes(act.qubits)), listed(act.qubits)
        bits = self.named(act.read)
        read = listed(f"{name} = {value}" for name, value in bits.items())
        gate = self.scene.corrections.get(
            (act.qubits[0], frozenset(self.scene.bits[bit] for bit, _ in act.read))
        )
        branch = self._branch(act)
        if gate is None or branch is None:
            done = "" if branch is None else f" and takes branch {branch + 1}"
            bits |= self.named(act.written)
            return self._event(act, "decision", f"{node} reads {read or 'its bits'}{done}, on {names}.", bits)
        parity = "" if len(bits) == 1 else f", whose parity is {sum(bits.values()) % 2},"
        done = (
            f"applies {gate} to {names}" if branch == 0 else f"leaves {names} as it is: no {gate} is needed"
        )
        return self._event(act, "correction", f"{node} reads {read}{parity} and {done}.", bits)

    def _branch(self, act: Act) -> int | None:
        """Return the branch that a decision takes, or None if a bit that it reads is unknown."""
        circuit = self.scene.compiled.circuit
        if any(write and (bit, write) not in self.values for bit, write in act.read):
            return None
        ones = {circuit.clbits[bit]: self.values.get((bit, write), 0) for bit, write in act.read}
        return taken(circuit.data[act.position].operation, ones)

    def _sent(self, message: Message) -> StoryEvent:
        bits = self.named(message.results) | self.announced(message)
        said = listed(f"{name} = {value}" for name, value in bits.items())
        text = f"{message.source} sends {said} to {message.target}."
        if message.said:
            said = ", ".join(each for each in (message.said, said) if each)
            text = f"{message.source} says aloud to {message.target}: {said}."
        nodes = (message.source, message.target)
        return StoryEvent(message.sent_s, message.arrives_s, "message", nodes, (), bits, text)

    def _read(self) -> Iterator[StoryEvent]:
        for time, node, name, others in self.readings():
            raw, value = self.values[self.scene.final[name]], self.outcomes[name]
            by = listed(f"{each} = {bit}" for each, bit in self.named(others).items())
            why = f"by {by}" if by else "by an error of the link that software samples"
            done = f"becomes {value}" if raw != value else f"stays {value}"
            text = f"{node} corrects {name} in software {why}: the raw {raw} {done}. No qubit changes, the reading does."
            yield StoryEvent(time, time, "correction", (node,), (), {name: value}, text)

    def _kept(self) -> Iterator[StoryEvent]:
        """Describe whether post-selection keeps the shot."""
        forms = self.scene.compiled.lowered.forms
        if not forms.accept or self.withheld:
            return
        place = [self.scene.final[f"{register}[{k}]"] for register, k in forms.raw]
        deciding = [[place[k] for k in form] for form in forms.accept]
        parities = [sum(self.values[each] for each in results) % 2 for results in deciding]
        told = [message for message in self.messages if message.results]
        time = max([message.arrives_s for message in told], default=self.scene.seconds)
        nodes = tuple(dict.fromkeys(message.target for message in told))
        text = "The shot is kept: no correction would be needed."
        if any(parities):
            text = "The shot is dropped: a correction would be needed, and post-selection makes none."
        bits = self.named({each for results in deciding for each in results})
        yield StoryEvent(time, time, "decision", nodes, (), bits, text)


def _gates(names: Sequence[str]) -> str:
    """Return the names of gates in words, with the number of each."""
    return listed(name if count == 1 else f"{count} {name}" for name, count in Counter(names).items())


def distinct(times: Iterable[float]) -> list[float]:
    """Return the distinct times in order, up to rounding."""
    found: list[float] = []
    for time in sorted(times):
        if not found or time > found[-1] + INSTANT:
            found.append(time)
    return found
