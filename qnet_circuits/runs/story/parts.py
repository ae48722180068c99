"""The parts of a story: events, facts, nodes, qubits and moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qnet_circuits.errors import ParameterError, check_name

KINDS = ("gate", "link", "channel", "measure", "message", "correction", "decision", "reset", "wait", "end")
#: The observer who knows every bit that was measured so far, at whatever node.
EVERYONE = "everyone"
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class StoryEvent:
    """An event of a shot.

    Args:
        time_s: Its begin, in seconds from the start of the shot. A message is sent at this time.
        end_s: Its end in seconds, at least ``time_s``. A message arrives at this time.
        kind: One of ``gate``, ``link``, ``channel``, ``measure``, ``message``, ``correction``, ``decision``, ``reset``,
            ``wait`` and ``end``.
        nodes: The nodes of the event; for a message, the source and the target.
        qubits: The numbers of its qubits in the story's list of qubits.
        bits: Its bits with their values, such as those that a message carries.
        text: A sentence that describes the event.

    Example:
        >>> StoryEvent(0.0, 1e-6, "measure", ("alice",), (0,), {"bell[0]": 1}, "alice measures alice[0].").bits
        {'bell[0]': 1}
    """

    time_s: float
    end_s: float
    kind: str
    nodes: tuple[str, ...]
    qubits: tuple[int, ...] = ()
    bits: Mapping[str, int] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        check_name("kind of event", self.kind, KINDS)
        if not 0 <= self.time_s <= self.end_s:
            raise ParameterError(
                f"an event ends after it begins, at 0 or later, got {self.time_s} and {self.end_s}"
            )


@dataclass(frozen=True)
class Fact:
    """A bit that a node knows from some time on.

    Args:
        time_s: The time from which the node knows the bit, in seconds.
        bit: The name of the bit.
        value: Its value, 0 or 1; None if it was announced and is not a measured bit.
        how: How the node learned it: ``measured``, ``received`` or ``corrected``.
        source: The node that measured or announced it.

    Example:
        >>> str(Fact(2e-6, "bell[0]", 1, "received", "alice"))
        'bell[0] = 1 (from alice)'
    """

    time_s: float
    bit: str
    value: int | None
    how: str
    source: str

    def __str__(self) -> str:
        said = {"measured": "measured", "received": f"from {self.source}", "corrected": "corrected"}[self.how]
        return f"{self.bit} ({said})" if self.value is None else f"{self.bit} = {self.value} ({said})"


@dataclass(frozen=True)
class StoryNode:
    """A node of the network.

    Args:
        name: Its name.
        place: Its position on a line, from 0 to 1.
        qubits: The numbers of its qubits.
    """

    name: str
    place: float
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class StoryQubit:
    """A qubit of the program.

    Args:
        name: Its name, ``node[index]``.
        node: The node of the qubit.
        physical: The device's qubit on which it starts; None without a device.
        t2_s: The coherence time T2 of that qubit in seconds; None without a device.
    """

    name: str
    node: str
    physical: int | None = None
    t2_s: float | None = None


@dataclass(frozen=True)
class Moment:
    """The states of the qubits for each observer at one time.

    Args:
        time_s: The time in seconds.
        text: What has just happened.
        bloch: For each observer, the Bloch vector of each existing qubit, by its number. Empty if states are not computed.
    """

    time_s: float
    text: str
    bloch: Mapping[str, Mapping[int, Vector]]
