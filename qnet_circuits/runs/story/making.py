"""Stories of some shots from a circuit in time and the bits of the shots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qnet_circuits.backends.simulation.branches import NOTHING, Branches, Written
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.runs.story.events import Shot, distinct
from qnet_circuits.runs.story.parts import EVERYONE, Moment, StoryEvent, StoryNode, StoryQubit, Vector
from qnet_circuits.runs.story.scene import Scene, node_of_qubit
from qnet_circuits.runs.story.states import Known, Replay
from qnet_circuits.runs.story.story import Story

Bits = npt.NDArray[np.bool_]
#: At most so many other shots are told beside the one that is asked for.
MOST_OTHERS = 3


@dataclass(frozen=True)
class Telling:
    """The common data of all stories of a circuit.

    Args:
        scene: The circuit in time.
        raw: The raw bits of all shots, by register.
        outcomes: The program's bits of all shots, with frames applied, by register.
        about: The description of the run: the first fields of ``Story``.
        exact: Whether the twin has the noise of the run, so that states can be computed.
        silent: The same circuit without messages, if it differs because decisions are made in real time.
        rng: The random generator of results that a run does not keep.
    """

    scene: Scene
    raw: Mapping[str, Bits]
    outcomes: Mapping[str, Bits]
    about: Mapping[str, Any]
    exact: bool
    rng: np.random.Generator
    silent: Telling | None = None

    @property
    def shots(self) -> int:
        """The number of shots."""
        return len(next(iter(self.raw.values())))

    def story(self, shot: int) -> Story:
        """Return the story of a shot, with other shots in which other results are sent."""
        if not shot < self.shots:
            raise ParameterError(
                f"shot must be one of 0 to {self.shots - 1}, since there are {self.shots} shots, got {shot}"
            )
        made = self._stories([shot, *self._others(shot)])
        if self.silent is not None:
            made = _beside(made, self.silent, [self.silent._alike(self, story.shot) for story in made])
        return replace(made[0], others=tuple(made[1:]))

    @property
    def _sent(self) -> list[str]:
        """The sent bits whose values the run keeps."""
        results = sorted({result for message in self.scene.messages for result in message.results})
        names = [self.scene.bits[bit] for bit, _ in results]
        return [name for name, result in zip(names, results, strict=True) if self.scene.final[name] == result]

    def _alike(self, other: Telling, shot: int) -> int | None:
        """Return the first shot whose bits are those that another circuit sends in a shot of it; None if there is none."""
        names = [name for name in other._sent if name in self.scene.final]
        same = [self._column(name) == other._column(name)[shot] for name in names]
        found = np.flatnonzero(np.logical_and.reduce(same)) if same else np.arange(1)
        return int(found[0]) if found.size else None

    def _others(self, shot: int) -> list[int]:
        """Return the first shots whose sent results differ from those of the story's shot."""
        if not self._sent:
            return []
        values = np.stack([self._column(name) for name in self._sent], axis=1)
        _, first = np.unique(values, axis=0, return_index=True)
        found = [int(k) for k in sorted(first) if (values[k] != values[shot]).any()]
        return found[:MOST_OTHERS]

    def _column(self, name: str) -> Bits:
        register, _, index = name.rpartition("[")
        column: Bits = self.raw[register][:, int(index[:-1])]
        return column

    # -- the shots ---------------------------------------------------------------------------------------------------

    def _stories(self, numbers: Sequence[int]) -> list[Story]:
        """Return the stories of some shots, each with its story without messages, from one replay."""
        exact, notes = self.exact, list(self.about["notes"])
        try:
            values, drawn, chances = self._values(numbers)
        except UnsupportedError as error:
            exact, drawn, chances = False, False, [None] * len(numbers)
            values = [self._recorded(number) for number in numbers]
            notes.append(f"no states: {error}")
        if drawn:
            notes.append(
                "results that are overwritten later are not in the record; they are drawn, given all others"
            )
        if any(self.scene.readings[name].sampled for each in self.scene.messages for name in each.outcomes):
            notes.append(
                "announced outcomes contain errors of links that software samples; states do not take account of them"
            )
        told = [self._shot(*each) for each in zip(numbers, values, chances, strict=True)]
        sent = bool(self.scene.messages) and not self.scene.in_real_time
        silent = [replace(shot, withheld=True) if sent else None for shot in told]
        everything = [shot for pair in zip(told, silent, strict=True) for shot in pair if shot is not None]
        moments = _moments(self.scene, everything, exact)
        about = {**self.about, "exact": exact, "notes": tuple(notes)}
        stories = [
            self._story(shot, moments[id(shot)], about, number)
            for shot, number in zip(told, numbers, strict=True)
        ]
        return [
            story
            if shot is None
            else replace(story, withheld=self._story(shot, moments[id(shot)], about, story.shot))
            for story, shot in zip(stories, silent, strict=True)
        ]

    def _recorded(self, number: int) -> dict[Written, int]:
        return {result: int(self._column(name)[number]) for name, result in self.scene.final.items()}

    def _values(self, numbers: Sequence[int]) -> tuple[list[dict[Written, int]], bool, list[float | None]]:
        """Return the results of shots, whether any had to be drawn given the stored ones, and their probabilities."""
        found = [self._recorded(number) for number in numbers]
        if not self.exact:
            return found, False, [None] * len(found)
        missing = sorted(set(self.scene.measured) - set(found[0]))
        state = Replay(self.scene.steps, self.scene.compiled.circuit.clbits).until(float("inf"))
        for values in found:
            if state.chance(values) < NOTHING:
                raise UnsupportedError("by the twin's noise the recorded bits cannot happen")
            for result in missing:
                chances = [state.chance({**values, result: value}) for value in (0, 1)]
                values[result] = int(self.rng.random() * sum(chances) >= chances[0])
        return found, bool(missing), [state.chance(values) for values in found]

    def _shot(self, number: int, values: Mapping[Written, int], chance: float | None) -> Shot:
        kept = self._accepted
        place = int(kept[:number].sum())
        outcomes = {
            f"{register}[{k}]": int(bits[place, k])
            for register, bits in (self.outcomes.items() if kept[number] else ())
            for k in range(bits.shape[1])
        }
        return Shot(self.scene, values, outcomes, self.numbers, probability=chance)

    @property
    def _accepted(self) -> Bits:
        """The shots that post-selection keeps; outcomes exist only for these."""
        forms, kept = self.scene.compiled.lowered.forms, np.ones(self.shots, dtype=bool)
        for form in forms.accept:
            own = [self.raw[register][:, k] for register, k in (forms.raw[each] for each in form)]
            kept &= ~np.logical_xor.reduce(own)
        return kept

    # -- the story ---------------------------------------------------------------------------------------------------

    @property
    def qubits(self) -> tuple[StoryQubit, ...]:
        """The qubits of the program, in its order."""
        device, source = self.scene.device, self.scene.source
        usable = None if device is None else Usable(device.calibration)
        names = [f"{register.name}[{k}]" for register in source.qregs for k in range(register.size)]
        found = []
        for name in names:
            wire = self.scene.begins.get(name)
            physical = None if usable is None or wire is None else self.scene.compiled.qubits[wire]
            t2 = None if usable is None or physical is None else usable.relaxation(physical)[1]
            found.append(StoryQubit(name, node_of_qubit(name), physical, t2))
        return tuple(found)

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each qubit."""
        return {qubit.name: k for k, qubit in enumerate(self.qubits)}

    @property
    def nodes(self) -> tuple[StoryNode, ...]:
        """The nodes in the program's order, from left to right."""
        names = [register.name for register in self.scene.source.qregs]
        whole = max(1, len(names) - 1)
        return tuple(
            StoryNode(name, k / whole, tuple(n for n, qubit in enumerate(self.qubits) if qubit.node == name))
            for k, name in enumerate(names)
        )

    def _story(self, shot: Shot, moments: tuple[Moment, ...], about: Mapping[str, Any], number: int) -> Story:
        scene = self.scene
        bits = {scene.names[result]: shot.values[result] for result in scene.final.values()}
        outcomes = {} if shot.withheld else shot.outcomes
        return Story(
            **{**about, "title": f"{about['protocol']} on {about['backend']}"}, probability=shot.probability,
            corrections=scene.mode, shot=number, circuit=scene.item.name, nodes=self.nodes, qubits=self.qubits,
            links=scene.links, events=tuple(shot.events()), facts=shot.facts(), moments=moments, bits=bits, outcomes=outcomes,
            latency_s=scene.latency,
        )  # fmt: skip


def _beside(made: Sequence[Story], silent: Telling, shots: Sequence[int | None]) -> list[Story]:
    """Return stories, each with that of a shot of the same circuit without messages, or with a note that there is none."""
    chosen = [shot for shot in shots if shot is not None]
    # Its announcements are withheld, too.
    told = iter([story.withheld or story for story in silent._stories(chosen)] if chosen else ())
    note = "no shot of the run without messages has the same bits, so none is told beside this one"
    return [
        replace(story, notes=(*story.notes, note)) if shot is None else replace(story, withheld=next(told))
        for story, shot in zip(made, shots, strict=True)
    ]


def _moments(scene: Scene, shots: Sequence[Shot], exact: bool) -> dict[int, tuple[Moment, ...]]:
    """Return the moments of some shots of a circuit, from one replay."""
    events = {id(shot): shot.events() for shot in shots}
    ends = {key: distinct([0.0, *(event.end_s for event in each)]) for key, each in events.items()}
    known = {id(shot): _known(shot) for shot in shots}
    found: dict[int, list[Moment]] = {key: [] for key in events}
    replay = Replay(scene.steps, scene.compiled.circuit.clbits)
    for time in distinct(time for each in ends.values() for time in each):
        state = replay.until(time) if exact else None
        for shot in shots:
            key = id(shot)
            if any(abs(time - end) < 1e-12 for end in ends[key]):
                said = _said([event for event in events[key] if abs(event.end_s - time) < 1e-12])
                bloch = {} if state is None else _bloch(scene, shot, known[key], state, time)
                found[key].append(Moment(time, said, bloch))
    return {key: tuple(moments) for key, moments in found.items()}


def _said(events: Sequence[StoryEvent]) -> str:
    """Return the events that have just ended. Ended waits are named only if nothing else has ended."""
    told = [event.text for event in events if event.kind != "wait"] or [event.text for event in events]
    return " ".join(told) or "The shot begins."


def _known(shot: Shot) -> dict[str, Known]:
    """Return the results that each observer knows, and the time from which it knows them."""
    learnt, told = shot.learnt(), shot.told()
    nodes = {node_of_qubit(name) for name in shot.numbers}
    everything = {result: act.end for result, (_, act) in shot.scene.measured.items()}
    found = {node: Known(learnt.get(node, {}), shot.values, told.get(node, ())) for node in nodes}
    return {**found, EVERYONE: Known(everything, shot.values)}


def _bloch(
    scene: Scene, shot: Shot, known: Mapping[str, Known], state: Branches, time: float
) -> dict[str, dict[int, Vector]]:
    """Return the Bloch vector of each qubit for each observer."""
    found: dict[str, dict[int, Vector]] = {}
    for observer, each in known.items():
        own, values, parities = found.setdefault(observer, {}), each.by(time), each.parities(time)
        for name, number in shot.numbers.items():
            wire = scene.wire_of(name, time)
            vector = None if wire is None else state.bloch(wire, values, parities)
            if vector is not None:
                x, y, z = map(float, vector)
                own[number] = (x, y, z)
    return found
