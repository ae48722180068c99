"""A story as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qnet_circuits.runs.story.parts import Fact, StoryEvent

if TYPE_CHECKING:
    from qnet_circuits.runs.story.story import Story

#: Coordinates of a Bloch vector below this are rounding, and below that say next to nothing of a measurement.
_CENTRE, _NEAR = 1e-6, 0.1
#: Times that differ by less are one.
_SAME = 1e-12
#: Waits that are a smaller part of the shot than this are left out of the text.
_SHORT = 0.05


def told(story: Story) -> str:
    """Return the text of a story."""
    where = "simulated" if story.simulated else "not known to be simulated"
    head = [
        f"The story of shot {story.shot} of {story.title}",
        f"circuit {story.circuit}, corrections {story.corrections}, {where}, seed {story.seed}",
        "",
    ]
    return "\n".join([*head, *_timeline(story), "", *_knowledge(story), *_notes(story)])


def _timeline(story: Story) -> Iterator[str]:
    shown = [event for event in story.events if event.kind != "wait" or _is_long(story, event)]
    width = max(len(_when(event)) for event in shown)
    for event in shown:
        yield f"{_when(event).rjust(width)}  {event.text}"
        if event.kind == "message" and story.exact:
            yield from (" " * width + f"  {line}" for line in _learnt(story, event))


def _is_long(story: Story, wait: StoryEvent) -> bool:
    return wait.end_s - wait.time_s > _SHORT * story.duration_s


def _when(event: StoryEvent) -> str:
    begin, end = (f"{1e6 * time:.2f}" for time in (event.time_s, event.end_s))
    return f"{end} µs" if begin == end else f"{begin} to {end} µs"


def _learnt(story: Story, message: StoryEvent) -> Iterator[str]:
    """Describe how the states of the target's qubits change for the target when a message arrives."""
    target = message.nodes[1]
    together = [event for event in story.events if event.kind == "message" and event.nodes[1] == target]
    if message is not [event for event in together if abs(event.end_s - message.end_s) < _SAME][-1]:
        return
    before = [moment for moment in story.moments if moment.time_s < message.end_s - _SAME]
    after = [moment for moment in story.moments if moment.time_s <= message.end_s + _SAME]
    if not before or not message.bits:
        return
    for number, qubit in enumerate(story.qubits):
        old, new = (moments[-1].bloch[target].get(number) for moments in (before, after))
        if qubit.node == target and old is not None and new is not None and _apart(old, new) > _NEAR:
            yield f"Until then {target} says of {qubit.name}: {_said(old)}. With the message: {_said(new)}."


def _apart(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def _said(vector: tuple[float, float, float]) -> str:
    """Return a Bloch vector in words."""
    written = "({})".format(", ".join(f"{round(each, 2) + 0.0:.2f}" for each in vector))
    size = max(map(abs, vector))
    if size < _CENTRE:
        return "nothing, its Bloch vector is 0"
    return f"next to nothing, Bloch vector {written}" if size < _NEAR else f"Bloch vector {written}"


def _knowledge(story: Story) -> Iterator[str]:
    yield "Who knows what in the end:"
    names = [node.name for node in story.nodes]
    width = max(map(len, names))
    for name in names:
        yield f"  {name.ljust(width)}  {'; '.join(map(str, latest(story.facts.get(name, ())))) or 'nothing'}"


def latest(facts: tuple[Fact, ...]) -> list[Fact]:
    """Return facts without those that a later fact about the same bit replaces."""
    return list({(fact.bit, fact.how): fact for fact in facts}.values())


def _notes(story: Story) -> Iterator[str]:
    if story.notes:
        yield ""
    for note in story.notes:
        yield f"note: {note}"
