"""Blind computing: a server computes for a client, and cannot look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.blind_rounds import Flow, Round
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.dishonest_servers import KINDS, CuriousServer, DishonestServer
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.parities import all_even, odd_ones
from qnet_circuits.programs.program import NO_TIME, Item, Program
from qnet_circuits.programs.protocol import Analysis, Analyzed
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.settings import measures, whole
from qnet_circuits.theory import blind
from qnet_circuits.theory.blind import Graph, Turns
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters

DRAWN = (
    "each circuit has one draw of the client's secret angles, and a story tells what somebody sees who knows the draw; "
    "a client who wants to be blind draws anew for every shot"
)
_COLOURS = (0, 1)
#: A share of failed rounds that is below the threshold by less than this is at the threshold.
_ROUNDING = 1e-9


@register
@dataclass(frozen=True)
class BlindComputing(ChainProtocol):
    """A server runs a client's program on a graph of qubits, and learns neither the program nor its result.

    Client and server share a Bell pair for each qubit of the graph. The client measures its half at a secret angle τ, one of
    eight, which leaves the server's half at τ + πm, where only the client knows the result m. The server entangles its
    qubits along the edges, and measures each at the angle δ = τ ± φ that it is told; the sign follows from earlier results, as
    the program φ demands. Its results are right up to m: what the server sees is random. The server measures its qubits of
    the last column at random angles, and so the result of the program appears, up to known corrections, on the halves that the
    client kept. ``fidelity`` compares it with the state that the program makes.

    Test rounds look the same to the server. Qubits of one colour are traps, whose result the client knows; the others are
    dummies, |0⟩ or |1⟩. ``trap_failure`` is the share of test rounds in which a trap is wrong. If it reaches the threshold of
    Leichtle, Music, Kashefi and Ollivier (arXiv:2109.04042), the client rejects all results, and the run has exit status 1.

    Half a turn of δ only flips a result, so the client takes it into account in software. A result decides on the angle if φ is
    an odd multiple of π/4: the client then tells one bit, which of two angles. It makes this bit on the qubit that holds m, by
    real-time corrections, so that no other bit goes to the server. If φ is another multiple, and in test rounds, the client
    tells a bit of its own choice, so the server cannot tell programs or rounds apart.

    On hardware: 2n qubits and 2n - 1 two-qubit gates for a line of n qubits over one link.

    Args:
        hops: Number of links between client and server. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``; the client is its first node.
        graph: ``line:2`` to ``line:6``, or ``brick:2x3`` to ``brick:2x5``. Default ``line:3``.
        angles: The program: the angle φ of each qubit but those of the last column, whole numbers of π/4, column after column,
            such as 1,3. Default: π/4 each.
        circuits: Number of circuits for each setting and for each colour of traps, each with secrets of its own. Default 2.
        error: Probability that the program itself gives a wrong answer, in [0, 1/2), for the threshold. Default 0.
        cheater: ``flip[:qubit]``, ``rotate[:qubit[:steps]]`` or ``curious[:qubit]``; default none.

    Raises:
        ParameterError: If a value is out of range, an angle is no multiple of π/4, or the cheater's qubit does not exist.

    Example:
        >>> BlindComputing(graph="line:4", cheater="flip:1").theory(NoiseParameters())["trap_failure"]
        0.5
    """

    name: ClassVar[str] = "blind-computing"
    stage: ClassVar[str] = "quantum memory"
    assumes: ClassVar[tuple[str, ...]] = (
        "The client's devices do what they should, and leak nothing.",
        "The client draws new angles for every shot; the circuits here have one draw each.",
        "The size of the graph, and when messages are sent, are not hidden: a client sends each bit after the same wait, "
        "also if no result decides on it.",
    )
    source: ClassVar[str] = "Broadbent, Fitzsimons and Kashefi, arXiv:0807.4154 (2008)"

    graph: str = "line:3"
    angles: tuple[int, ...] | None = None
    circuits: int = 2
    error: float = 0.0
    cheater: DishonestServer | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("circuits", self.circuits)
        _ = self._graph, self.threshold
        if self.angles is not None:
            object.__setattr__(self, "angles", _checked(self.angles, len(self._graph.measured)))
        self.set_cheater(KINDS)
        if self._server is not None:
            computes = isinstance(self._server, CuriousServer)
            most = len(self._graph.measured) if computes else self._graph.qubits
            check_count(f"qubit of the cheater {self._server.kind}", self._server.qubit, 1, most)

    @cached_property
    def _graph(self) -> Graph:
        return Graph.from_text(self.graph)

    @property
    def program_angles(self) -> tuple[int, ...]:
        """The angle of each measured qubit, in units of π/4."""
        return (1,) * len(self._graph.measured) if self.angles is None else self.angles

    @property
    def threshold(self) -> float:
        """The share of failed test rounds at which the client rejects."""
        return blind.threshold(len(_COLOURS), self.error)

    @property
    def _server(self) -> DishonestServer | None:
        """The dishonest server, or None."""
        return None if isinstance(self.cheater, str) else self.cheater

    def _wrong(self) -> list[float]:
        """Return the error of the server's angle for each qubit."""
        server = self._server
        return [
            server.angle if server is not None and qubit == server.qubit - 1 else 0.0
            for qubit in range(self._graph.qubits)
        ]

    def _round(self, rng: np.random.Generator) -> Round:
        """Draw the client's secrets for one circuit."""
        count = self._graph.qubits
        secret, order = rng.integers(0, 8, count).tolist(), rng.integers(0, 4, count).tolist()
        peeked = self._server.qubit - 1 if isinstance(self._server, CuriousServer) else None
        return Round(self._graph, self.chain, secret, order, self._wrong(), peeked)

    def program(self, rng: np.random.Generator) -> Program:
        """Return the computation rounds, for each Pauli setting that the fidelity needs, and the test rounds."""
        items = [self._computation(name, rng) for name in self._names(self._settings)]
        items += [self._test(name, rng) for name in self._names([f"test{colour}" for colour in _COLOURS])]
        ideal, silent = self._values(perfect=True), {"fidelity": 0.5**self._graph.rows}
        if self.chain.hops == 1 and len(self._graph.measured) == self._graph.rows:
            # No bit of the client's chooses an angle, and no station's result is a message.
            silent = {**ideal, **silent}
        figures = [
            Figure(name, each, ideal[name], silent.get(name), physical=(0.0, 1.0))
            for name, each in self._expressions().items()
        ]
        far = any(link.length_km is not None for *_, link in self.chain.links)
        return Program(items, figures, self.chain, notes=(DRAWN, *(NO_TIME,) * far))

    def _names(self, kinds: Sequence[str]) -> list[str]:
        return [f"{kind}_{k}" for k in range(1, self.circuits + 1) for kind in kinds]

    def _computation(self, name: str, rng: np.random.Generator) -> Item:
        made, setting = self._round(rng), name.partition("_")[0]
        circuit = made.computation(self.program_angles, setting.upper())
        told = [made.told(self.program_angles, qubit) for qubit in range(self._graph.qubits)]
        return Item(name, circuit, {"round": "computation", "setting": setting, **_tags(told)},
                    announced=(self._angles_told(_bits(told)),))  # fmt: skip

    def _test(self, name: str, rng: np.random.Generator) -> Item:
        made, colour = self._round(rng), int(name[len("test")])
        client, server = self.chain.path()[0], self.chain.path()[-1]
        bits = tuple(("result", qubit) for qubit in range(self._graph.qubits))
        results = Announcement(server, client, len(bits), "results", bits)
        told = [made.told(made.idle, qubit) for qubit in range(self._graph.qubits)]
        return Item(name, made.test(colour), {"round": "test", "colour": colour, **_tags(told)},
                    announced=(self._angles_told(_bits(told)), results))  # fmt: skip

    def _angles_told(self, bits: int) -> Announcement:
        return Announcement(
            self.chain.path()[0], self.chain.path()[-1], bits, "angles δ, each before its measurement"
        )

    # -- figures ---------------------------------------------------------------------------------------------------

    @cached_property
    def _means(self) -> dict[str, float]:
        """The Pauli strings that the program's state has a mean of, and the means."""
        means = blind.correlators(blind.output_state(self._graph, self.program_angles))
        return {string: mean for string, mean in means.items() if abs(mean) > _ROUNDING}

    @cached_property
    def _settings(self) -> list[str]:
        """The settings that the fidelity needs: strings without I, and for the other strings one that has their letters."""
        found = [string.lower() for string in self._means if "I" not in string]
        for string in self._means:
            if not any(measures(setting.upper(), string) for setting in found):
                found.append(whole(string).lower())
        return found

    def _expressions(self) -> dict[str, Expression]:
        """Return the figures, whatever was drawn."""
        found = {"fidelity": self._fidelity(), "trap_failure": self._trap_failure()}
        if isinstance(self._server, CuriousServer):
            meant = Flow(self._graph, self.program_angles).meaning(self._server.qubit - 1)
            names = self._names(self._settings)
            guesses = (parity(name, odd_ones([("heard", 0), *meant])) for name in names)
            found["server_guess"] = (1 + sum(guesses, Expression()) / len(names)) / 2
        return found

    def _fidelity(self) -> Expression:
        """Return the mean of the program's state: the sum of its means times those that are measured, over 2^n."""
        total = Expression(1.0)
        for string, mean in self._means.items():
            setting = next(each for each in self._settings if measures(each.upper(), string))
            bits = [("out", row) for row, letter in enumerate(string) if letter != "I"]
            for name in self._names([setting]):
                total = total + mean / self.circuits * parity(name, bits)
        return total * 0.5**self._graph.rows

    def _trap_failure(self) -> Expression:
        passed, traps = Expression(), Round(self._graph, self.chain, (), (), ())
        for colour in _COLOURS:
            for name in self._names([f"test{colour}"]):
                passed = passed + all_even(name, traps.traps(colour))
        failed: Expression = 1 - passed / (len(_COLOURS) * self.circuits)
        return failed

    def _values(self, perfect: bool) -> dict[str, float]:
        """Return the values of the figures, over perfect links or over links that flip phases alone."""
        flip = 0.0 if perfect else self.chain.weights[3]
        turns: list[Turns] = [((1 - flip, angle), (flip, angle + math.pi)) for angle in self._wrong()]
        found = {
            "fidelity": blind.fidelity(self._graph, self.program_angles, turns),
            "trap_failure": blind.trap_failure(self._graph, turns),
        }
        return {**found, "server_guess": 0.5} if isinstance(self._server, CuriousServer) else found

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the figures if the links flip phases alone; a bit flip acts differently for each draw of the angles."""
        _, x, y, _ = self.chain.weights
        return self._values(perfect=False) if noise.ideal and not x + y else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Noise has a fidelity of 1/2 for each line; the client rejects at the threshold; a blind server can only guess."""
        found = {
            "fidelity": {"noise": 0.5**self._graph.rows}, "trap_failure": {"rejected": self.threshold},
        }  # fmt: skip
        return (
            {**found, "server_guess": {"guessing": 0.5}} if isinstance(self._server, CuriousServer) else found
        )

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Accept or reject by the share of failed test rounds."""
        figure = Figure("trap_failure", self._trap_failure(), physical=(0.0, 1.0))
        return self._judged(figure.estimate(outcomes, analysis.level).value)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Accept or reject by the exact share of failed test rounds."""
        return self._judged(figures["trap_failure"].value)

    def _judged(self, failed: float) -> Analyzed:
        reason = None
        if failed >= self.threshold - _ROUNDING:
            reason = (
                f"traps: {failed:.3g} of the test rounds failed, at least {self.threshold:.3g}; "
                "the client rejects all results"
            )
        more = {"threshold": self.threshold, **({} if reason is None else {"aborted": reason})}
        return Analyzed({}, more, refused=reason)


def _checked(angles: Any, count: int) -> tuple[int, ...]:
    """Return angles in whole units of π/4, from numbers or from their text with commas."""
    given = angles.split(",") if isinstance(angles, str) else [angles] if isinstance(angles, Real) else angles
    if not isinstance(given, Sequence) or len(given) != count:
        raise ParameterError(
            f"angles must be {count} whole numbers of π/4, one for each measured qubit, such as "
            f"{','.join('1' * count)}, got {angles!r}"
        )
    return tuple(map(_whole, given))


def _whole(angle: Any) -> int:
    """Return one angle in whole units of π/4."""
    try:
        number = math.nan if isinstance(angle, bool) else float(angle)
    except (TypeError, ValueError):
        number = math.nan
    if number % 1 != 0:
        raise ParameterError(
            f"each angle is a whole number of π/4, such as 2 for π/2, so that δ can be hidden; got {angle!r}"
        )
    return int(number)


def _bits(told: Sequence[tuple[int, ...]]) -> int:
    """Return the number of bits that name the angles: the first angle of each qubit, and the side of the second one."""
    return sum(3 + (len(each) > 1) for each in told)


def _tags(told: Sequence[tuple[int, ...]]) -> dict[str, str]:
    """Return the angles that the server is told, a digit for each qubit: the first ones, and those that a bit can choose."""
    return {
        "delta": "".join(str(each[0]) for each in told),
        "delta_if_1": "".join(str(each[-1]) for each in told),
    }
