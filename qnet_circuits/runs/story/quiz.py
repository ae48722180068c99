"""Questions about a story: which node knows which bit at a time, and the effect of a message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qnet_circuits.errors import ParameterError, check_name

if TYPE_CHECKING:
    from qnet_circuits.runs.story.parts import StoryEvent
    from qnet_circuits.runs.story.story import Story


@dataclass(frozen=True)
class Question:
    """A question about a story, with its answer.

    Args:
        text: The question.
        choices: The answers to choose from.
        answer: The right choice.
        why: The explanation, shown after an answer.

    Raises:
        UnknownNameError: If the answer is not one of the choices.
        ParameterError: If there is no choice.

    Example:
        >>> question = Question("Is a message faster than light?", ("yes", "no"), "no", "Nothing is.")
        >>> question.right("no"), question.right("yes")
        (True, False)
        >>> print(question)
        Is a message faster than light? (yes / no)
    """

    text: str
    choices: tuple[str, ...]
    answer: str
    why: str

    def __post_init__(self) -> None:
        if len(self.choices) < 2:
            raise ParameterError(f"a question needs at least two choices, got {self.choices!r}")
        check_name("answer", self.answer, self.choices)

    def right(self, given: str) -> bool:
        """Return whether an answer is right.

        Raises:
            UnknownNameError: If the answer is not one of the choices.
        """
        return check_name("answer", given, self.choices) == self.answer

    def __str__(self) -> str:
        return f"{self.text} ({' / '.join(self.choices)})"


def questions_of(story: Story) -> tuple[Question, ...]:
    """Return questions about a story."""
    messages = [event for event in story.events if event.kind == "message" and event.bits]
    asked = [question for event in messages[:1] for question in _about(story, event)]
    asked += list(_about_knowledge(story))
    return tuple(asked)


def _about(story: Story, message: StoryEvent) -> Iterator[Question]:
    """Ask about a message on its way, and about its effect."""
    source, target = message.nodes
    bit, half = next(iter(message.bits)), (message.time_s + message.end_s) / 2
    yield Question(
        f"At {1e6 * half:.2f} µs the message with {bit} is on its way. Does {target} know {bit}?", ("yes", "no"), "no",
        f"{source} measured {bit} by {1e6 * message.time_s:.2f} µs, and the message arrives at {1e6 * message.end_s:.2f} µs.",
    )  # fmt: skip
    read = f"{bit} = {message.bits[bit]}"
    own = [
        each
        for each in story.events
        if each.kind == "correction" and target in each.nodes and read in each.text
    ]
    if not own:
        return
    gate = any(event.qubits for event in own)
    choices = ("a qubit", "the reading of a bit")
    yield Question(
        f"What does {target} correct with the message?", choices, choices[0] if gate else choices[1],
        "The decision is made in real time, before the qubit is measured." if gate
        else "The qubit was measured before the message arrived; software flips the bit that was read.",
    )  # fmt: skip


def _about_knowledge(story: Story) -> Iterator[Question]:
    """Ask which node knows a bit first, and which node never knows it."""
    measured = [event for event in story.events if event.kind == "measure" and event.bits]
    names = tuple(node.name for node in story.nodes)
    if len(names) < 2 or not measured:
        return
    event = measured[0]
    bit, owner = next(iter(event.bits)), event.nodes[0]
    yield Question(
        f"Which node knows {bit} first?", names, owner,
        f"{owner} measures it, by {1e6 * event.end_s:.2f} µs; nobody else can know it earlier.",
    )  # fmt: skip
    knowing = {node for node, facts in story.facts.items() if any(fact.bit == bit for fact in facts)}
    for name in [name for name in names if name != owner and not _hears(story, name, owner)][:1]:
        said = "yes" if name in knowing else "no"
        yield Question(
            f"Does {name} know {bit} in the end?", ("yes", "no"), said,
            f"{name} {'got it by a message' if said == 'yes' else 'neither measured it nor got it by a message'}.",
        )  # fmt: skip


def _hears(story: Story, name: str, owner: str) -> bool:
    """Return whether a node hears an announcement of another node, which may reveal the bit."""
    return any(fact.value is None and fact.source == owner for fact in story.facts.get(name, ()))
