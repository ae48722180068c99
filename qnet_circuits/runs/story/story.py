"""The story of one shot as a value: its text, the bits that each node knows, and the state of each qubit for each observer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from qnet_circuits.devices.schedule import INSTANT
from qnet_circuits.errors import UnsupportedError, check_name, check_range
from qnet_circuits.runs.story.curves import Curve
from qnet_circuits.runs.story.page import frame_of, page_title, story_page
from qnet_circuits.runs.story.parts import EVERYONE, Fact, Moment, StoryEvent, StoryNode, StoryQubit, Vector
from qnet_circuits.runs.story.quiz import Question, questions_of
from qnet_circuits.runs.story.words import told

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DIGITS = 6


@dataclass(frozen=True)
class Story:
    """The story of one shot of a simulated run. ``tell`` makes one.

    Args:
        title: The protocol and the backend, in one line.
        protocol: The protocol with its parameters, in one line.
        parameters: The parameters in plain values.
        backend: The backend that ran the shot.
        device: The device's name; None without one.
        simulated: Whether the shot is known to be simulated.
        corrections: The mode of corrections.
        seed: The seed of the run.
        shot: The number of the shot, from 0.
        circuit: The name of the circuit.
        nodes: The nodes.
        qubits: The qubits of the program.
        links: The pairs of nodes that a link joins.
        events: The events, by the time of their begin; the last is the end of the shot.
        facts: The facts that each node learns, in order of time.
        moments: The states of the qubits after each event.
        bits: The raw bits of the shot, as stored in the run. A bit that is measured again has ``1st m[0]``, ``2nd m[0]``.
        outcomes: The program's bits after corrections in software; empty if post-selection drops the shot.
        latency_s: The duration of a message, in seconds.
        notes: Notes for the reader.
        exact: Whether states are computed. For circuits that are too wide, the story has only bits and frames.
        probability: The probability of the raw bits in this circuit; None if states are not computed.
        secret: Whether outcomes of the protocol would be key material; then the story is a demonstration.
        withheld: The same with no message sent; None if there is no message, or if no shot without messages has the same bits.
        others: Other shots of the circuit, in which other bits were sent.
    """

    title: str
    protocol: str
    parameters: Mapping[str, Any]
    backend: str
    device: str | None
    simulated: bool
    corrections: str
    seed: int
    shot: int
    circuit: str
    nodes: tuple[StoryNode, ...]
    qubits: tuple[StoryQubit, ...]
    links: tuple[tuple[str, str], ...]
    events: tuple[StoryEvent, ...]
    facts: Mapping[str, tuple[Fact, ...]]
    moments: tuple[Moment, ...]
    bits: Mapping[str, int]
    outcomes: Mapping[str, int]
    latency_s: float
    notes: tuple[str, ...] = ()
    exact: bool = True
    probability: float | None = None
    secret: bool = False
    withheld: Story | None = field(default=None, repr=False)
    others: tuple[Story, ...] = field(default=(), repr=False)
    _curves: Callable[[], tuple[Curve, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def duration_s(self) -> float:
        """The duration of the shot, in seconds."""
        return self.events[-1].end_s

    @property
    def observers(self) -> tuple[str, ...]:
        """The observers: the nodes, and ``everyone``, who knows all measured bits."""
        return (*(node.name for node in self.nodes), EVERYONE)

    def knows(self, time_s: float) -> dict[str, tuple[Fact, ...]]:
        """Return the facts that each node knows at a time.

        Args:
            time_s: The time in seconds, at least 0.

        Example:
            >>> import qnet_circuits as qn
            >>> story = qn.tell(qn.Teleportation(state="+"), corrections="feedforward", seed=1)
            >>> [len(story.knows(time)["bob"]) for time in (0.0, story.duration_s)]
            [0, 3]
        """
        check_range("time_s", time_s, 0.0, float("inf"))
        return {
            node: tuple(fact for fact in facts if fact.time_s <= time_s + INSTANT)
            for node, facts in self.facts.items()
        }

    def state(self, observer: str, qubit: str, time_s: float) -> Vector | None:
        """Return the Bloch vector of a qubit for an observer, given what the observer knows at a time.

        The vector belongs to the last moment up to this time. It is averaged over all bits that the observer does not know.
        Every observer knows the circuit and the states that it prepares.

        Args:
            observer: A node, or ``everyone``.
            qubit: The qubit's name, ``node[index]``.
            time_s: The time in seconds, at least 0.

        Returns:
            The vector (x, y, z); None if the qubit has left or has not arrived.

        Raises:
            UnsupportedError: If the circuit is too wide to compute states.
            UnknownNameError: If there is no such observer or qubit.

        Example:
            >>> import qnet_circuits as qn
            >>> story = qn.tell(qn.Teleportation(state="+"), corrections="feedforward", seed=1)
            >>> [sum(map(abs, story.state("bob", "bob[0]", t))) > 0.5 for t in (1.5e-6, 3e-6)]
            [False, True]
        """
        check_range("time_s", time_s, 0.0, float("inf"))
        names = [each.name for each in self.qubits]
        number = names.index(check_name("qubit", qubit, names))
        check_name("observer", observer, self.observers)
        if not self.exact:
            raise UnsupportedError(
                "the circuit is too wide to compute states; its story has only bits and frames"
            )
        last = [moment for moment in self.moments if moment.time_s <= time_s + INSTANT][-1]
        return last.bloch[observer].get(number)

    def __str__(self) -> str:
        return told(self)

    def __repr__(self) -> str:
        return f"<Story of shot {self.shot} of {self.circuit!r}: {self.protocol} on {self.backend}>"

    def quiz(self) -> tuple[Question, ...]:
        """Return questions about the story with answers: which node knows which bit at a time, and the effect of a message.

        Example:
            >>> import qnet_circuits as qn
            >>> story = qn.tell(qn.Teleportation(state="+"), corrections="frame", seed=1)
            >>> [question.answer for question in story.quiz()]
            ['no', 'the reading of a bit', 'alice', 'yes']
        """
        return questions_of(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Plot the space-time diagram: nodes side by side, time downwards, and messages between nodes.

        Args:
            ax: Axes to draw on. Default: axes of a new plot.
        """
        from qnet_circuits.plotting.story import plot_story

        return plot_story(self, ax)

    def to_html(self) -> str:
        """Return the page of the story: one animated HTML file of at most 300 kB, which needs nothing but a browser.

        The page has the story, the other shots, and the same shots without messages. It also plots the first figure of merit
        against quantities that the reader can change, such as the latency of messages. These curves take some seconds.

        Raises:
            UnsupportedError: If not even one shot fits.
        """
        curves = () if self._curves is None else self._curves()
        return story_page(self.to_dict() | {"curves": [curve.to_dict() for curve in curves]})

    def _repr_html_(self) -> str:
        try:
            return frame_of(self.to_html(), page_title(self.to_dict()))
        except UnsupportedError:  # A story that is too large for a page is shown as text.
            return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Return the story in plain values: this shot and the others."""
        return {
            "schema": 1, "title": self.title, "protocol": self.protocol, "parameters": dict(self.parameters),
            "backend": self.backend, "device": self.device, "simulated": self.simulated, "corrections": self.corrections,
            "seed": self.seed, "circuit": self.circuit, "latency_s": self.latency_s, "duration_s": self.duration_s,
            "notes": list(self.notes), "secret": self.secret, "exact": self.exact,
            "nodes": [{"name": each.name, "place": each.place, "qubits": list(each.qubits)} for each in self.nodes],
            "qubits": [
                {"name": each.name, "node": each.node, "physical": each.physical, "t2_s": each.t2_s} for each in self.qubits
            ],
            "links": [list(pair) for pair in self.links],
            "shots": [each._shot() for each in (self, *self.others)],
        }  # fmt: skip

    def _shot(self) -> dict[str, Any]:
        return {
            "shot": self.shot, "probability": self.probability, "bits": dict(self.bits), "outcomes": dict(self.outcomes),
            "events": [_plain(event) for event in self.events],
            "moments": [self._moment(moment) for moment in self.moments],
            "withheld": None if self.withheld is None else self.withheld._shot(),
        }  # fmt: skip

    def _moment(self, moment: Moment) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "t": moment.time_s,
            "text": moment.text,
            "knows": {node: list(map(str, facts)) for node, facts in self.knows(moment.time_s).items()},
        }
        if self.exact:
            plain["bloch"] = {
                observer: {str(k): [_rounded(each) for each in vector] for k, vector in qubits.items()}
                for observer, qubits in moment.bloch.items()
            }
        return plain


def _plain(event: StoryEvent) -> dict[str, Any]:
    return {
        "t": event.time_s, "end": event.end_s, "kind": event.kind, "nodes": list(event.nodes),
        "qubits": list(event.qubits), "bits": dict(event.bits), "text": event.text,
    }  # fmt: skip


def _rounded(value: float) -> float:
    """Return a coordinate with few digits, without negative zero."""
    return round(value, _DIGITS) + 0.0
