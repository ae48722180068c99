"""Anonymous voting by GHZ states: the parity of all votes, or whether anybody vetoes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import ParameterError, check_count, check_name
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.cheater import DishonestParty
from qnet_circuits.programs.conditions import Bit
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Analysis, Analyzed
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, sent_to_parties, told_to_all
from qnet_circuits.protocols.ghz import ghz_state
from qnet_circuits.theory import bounds
from qnet_circuits.theory.anonymity import veto_correct
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.ghz import parity_contrast
from qnet_circuits.theory.noise_parameters import NoiseParameters

SCHEMES = ("parity", "veto")
#: Rounds of a veto if nothing is given.
_ROUNDS = 5
#: If the coins of those who veto can fall in more ways than this, this many are drawn at random.
_MOST_FALLS = 64
_ANNOUNCED = ("opposite", "random")


@dataclass(frozen=True)
class DisruptingVoter(DishonestParty):
    """A voter who announces another bit than the measured one.

    All announced bits but one are uniform anyway, so nobody notices. The measured bit stays in ``heard``: the disrupting voter
    alone knows the right parity.

    Args:
        party: Number of the voter, from 1. Default 1.
        bit: The announced bit: the ``opposite`` of the measured one, or a ``random`` one. Default ``opposite``.

    Raises:
        ParameterError: If ``party`` is not a positive whole number.
        UnknownNameError: If there is no such bit.

    Example:
        >>> str(DisruptingVoter(2)), str(DisruptingVoter(1, "random"))
        ('disrupt:2', 'disrupt:1:random')
    """

    kind: ClassVar[str] = "disrupt"
    bit: str = "opposite"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("bit of the cheater", self.bit, _ANNOUNCED)

    def announce(self, circuit: QuantumCircuit, qubit: Qubit, heard: Clbit, bit: Clbit) -> None:
        """Append the measurement of X for the own record, and that of the bit which is announced."""
        measure_pauli(circuit, qubit, "X", heard)
        if self.bit == "opposite":
            circuit.x(qubit)
        else:
            circuit.h(qubit)
        circuit.measure(qubit, bit)


@register
@dataclass(frozen=True)
class Voting(PartiesProtocol):
    """Voters learn the parity of their votes, or whether anybody vetoes, and nobody learns who voted what.

    The voters share a GHZ state. A voter who votes 1 applies Z; everybody measures X and announces the bit. The parity of the
    bits is the parity of the votes, while all bits but one are uniform and independent of the votes. If one voter at most votes
    1, these are the dining cryptographers. In the scheme ``veto`` a voter with the vote 1 applies Z with probability 1/2 in
    each round, and an odd parity in any round means that somebody vetoes. A veto is missed in all of r rounds with probability
    2^-r (Broadbent and Tapp, arXiv:0706.2010).

    ``correct`` is the probability that the parity, or the answer after all rounds of a veto, is right. ``odd_parity`` is the
    probability of an odd parity in one round of a veto. ``cheater_correct`` is the probability that the disrupting voter knows
    the parity. Rounds are independent, so shots of one round give the answer after all of them.

    On hardware: 3n qubits and 3n - 1 two-qubit gates for n voters, and Pauli frames. A veto has 2^v circuits if v voters have
    the vote 1; of more than 64, 64 are drawn at random.

    Args:
        parties: Number of voters, each with a link to the source; or, with ``network``, the names of the voters' nodes.
            At least 2, default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes are voters unless
            ``parties`` names some.
        votes: A vote of 0 or 1 for each voter, such as 1,0,1. Default: the first votes 1, and all others vote 0.
        scheme: ``parity``, the default, or ``veto``.
        rounds: Rounds of a veto, at least 1. Default 5.
        cheater: A voter who announces a wrong bit, ``disrupt[:party[:opposite or random]]``. Default: all are honest.

    Raises:
        ParameterError: If there are too few voters, the votes do not fit the voters, the cheater is no voter, a value is out of
            range, or ``rounds`` is given without ``scheme=veto``.
        UnknownNameError: If there is no such scheme or cheater.

    Example:
        >>> Voting(votes=(1, 1, 0), cheater="disrupt:2").theory(NoiseParameters())
        {'correct': 0.0, 'cheater_correct': 1.0}
        >>> Voting(scheme="veto", rounds=3).theory(NoiseParameters())
        {'odd_parity': 0.5, 'correct': 0.875}
    """

    name: ClassVar[str] = "voting"
    stage: ClassVar[str] = "entanglement distribution"
    assumes: ClassVar[tuple[str, ...]] = (
        "The source sends a GHZ state; voters who do not trust it verify some of its states before they vote.",
        "All voters announce at the same time, since whoever speaks last can choose the parity.",
        "Any voter can spoil the parity and stay unknown; no verification of the state prevents a wrong announcement.",
        "Without a quantum state, voters need secret bits that were shared before, and whoever finds these bits later knows "
        "all votes.",
    )
    source: ClassVar[str] = "Christandl and Wehner, quant-ph/0409201; veto: Rahaman and Kar, arXiv:1507.00592"

    votes: tuple[int, ...] | None = None
    scheme: str = "parity"
    rounds: int | None = None
    cheater: DisruptingVoter | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("scheme", self.scheme, SCHEMES)
        if self.votes is not None:
            object.__setattr__(self, "votes", votes_of(self.votes, len(self.members)))
        if self.rounds is not None:
            check_count("rounds", self.rounds)
            if self.scheme != "veto":
                raise ParameterError(
                    f"rounds are those of scheme=veto, got rounds={self.rounds} with {self.scheme}"
                )
        self.set_cheater([DisruptingVoter])

    @property
    def ballots(self) -> tuple[int, ...]:
        """The vote of each voter."""
        return self.votes or (1, *[0] * (len(self.members) - 1))

    def program(self, rng: np.random.Generator) -> Program:
        """Return one circuit; or, for a veto, one for each way in which the coins of those who veto fall."""
        falls, drawn_from = _falls(self.ballots, rng) if self.scheme == "veto" else ([self.ballots], 0)
        told = told_to_all(self.members, "outcome", "out")
        items = [
            Item(name, self._circuit(signs), {"apply_z": name}, announced=told)
            for name, signs in (("".join(map(str, signs)), signs) for signs in falls)
        ]
        ideal, silent = self._expected(1.0), self._expected(0.0)
        figures = [
            Figure(
                name, each, ideal[name], silent[name], drawn_from=drawn_from, physical=(0.0, 1.0),
                null=bounds.RANDOM_PARITY if name == "correct" else None,
            )
            for name, each in self._figures([item.name for item in items]).items()
        ]  # fmt: skip
        return Program(items, figures, self.shared)

    def _figures(self, falls: Sequence[str]) -> dict[str, Expression]:
        """Return the declared figures of circuits that are named by who applies Z in them."""
        bits = [("out", k) for k in range(len(self.members))]
        odd = [(1 - parity(name, bits)) / 2 for name in falls]
        found = {"odd_parity": _mean(odd)} if self.scheme == "veto" else {"correct": _right(falls, bits)}
        if self.dishonest is not None:
            bits[self.dishonest] = ("heard", 0)
            found["cheater_correct"] = _right(falls, bits)
        return found

    def _circuit(self, signs: Sequence[int]) -> QuantumCircuit:
        """Return the circuit of one round in which these voters apply Z."""
        circuit, qubits = sent_to_parties(self.shared, self.members, ghz_state)
        out = ClassicalRegister(len(qubits), "out")
        circuit.add_register(out)
        for k, (qubit, sign) in enumerate(zip(qubits, signs, strict=True)):
            if sign:
                circuit.z(qubit)
            if isinstance(self.cheater, DisruptingVoter) and k == self.dishonest:
                heard = ClassicalRegister(1, "heard")
                circuit.add_register(heard)
                self.cheater.announce(circuit, qubit, heard[0], out[k])
            else:
                measure_pauli(circuit, qubit, "X", out[k])
        return circuit

    def _expected(self, contrast: float) -> dict[str, float]:
        """Return the figures if X on all parties has this mean parity."""
        announced = {"opposite": -contrast, "random": 0.0}
        cheater = self.cheater if isinstance(self.cheater, DisruptingVoter) else None
        right = (1 + (announced[cheater.bit] if cheater else contrast)) / 2
        found = {"correct": right}
        if self.scheme == "veto":
            odd = 0.5 if any(self.ballots) else 1 - right
            found = {"odd_parity": odd, "correct": self._after_rounds(odd)}
        return {**found, "cheater_correct": (1 + contrast) / 2} if cheater else found

    def _after_rounds(self, odd: float) -> float:
        return veto_correct(odd, self.rounds or _ROUNDS, any(self.ballots))

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return all figures for the errors of the pairs between the source and the voters."""
        return self._expected(parity_contrast(self.arms)) if noise.ideal else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Uniform bits without entanglement or shared secrets have a random parity, whatever the votes are."""
        random = bounds.RANDOM_PARITY
        return {"correct": {"classical": random if self.scheme == "parity" else self._after_rounds(random)}}

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Return the probability that the answer after all rounds of a veto is right."""
        if self.scheme == "parity":
            return Analyzed({})
        falls = [name for name in outcomes if not name.strip("01")]
        many = 2 ** sum(self.ballots)
        odd = self._figures(falls)["odd_parity"]
        figure = Figure("odd_parity", odd, drawn_from=many if many > len(falls) else 0, physical=(0.0, 1.0))
        return self.deduce({"odd_parity": figure.estimate(outcomes, analysis.level)}, analysis)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the same of exact figures."""
        if self.scheme == "parity":
            return Analyzed({})
        odd = figures["odd_parity"]
        low, high = sorted(map(self._after_rounds, (odd.low, odd.high)))
        correct = replace(odd, value=self._after_rounds(odd.value), low=low, high=high, standard_error=None)
        return Analyzed({"correct": correct}, {"missed_veto": 0.5 ** (self.rounds or _ROUNDS)})


def votes_of(given: Any, voters: int) -> tuple[int, ...]:
    """Return one vote for each voter.

    Args:
        given: Numbers 0 and 1, or their text with commas.
        voters: Number of voters.

    Raises:
        ParameterError: If it is something else.

    Example:
        >>> votes_of("1,0,1", 3)
        (1, 0, 1)
    """
    listed = given.split(",") if isinstance(given, str) else given
    try:
        votes = tuple(("0", "1").index(str(vote).strip()) for vote in listed)
    except (TypeError, ValueError):
        votes = ()
    if len(votes) != voters:
        raise ParameterError(
            f"votes must be {voters} numbers 0 or 1, one for each voter, such as {','.join('1' + '0' * (voters - 1))}, "
            f"got {given!r}"
        )
    return votes


def _falls(ballots: Sequence[int], rng: np.random.Generator) -> tuple[list[tuple[int, ...]], int]:
    """Return all ways in which coins of those who veto fall; or a random choice of them, and how many there are."""
    many = 2 ** sum(ballots)
    if many <= _MOST_FALLS:
        return list(product(*((0, 1) if vote else (0,) for vote in ballots))), 0
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < _MOST_FALLS:
        drawn[tuple(int(coin) for coin in rng.integers(0, 2, len(ballots)) * ballots)] = None
    return list(drawn), many


def _mean(expressions: Sequence[Expression]) -> Expression:
    return sum(expressions, Expression()) / len(expressions)


def _right(falls: Sequence[str], bits: Sequence[Bit]) -> Expression:
    """Return the mean probability that the parity of bits is that of the voters who apply Z."""
    return _mean([(1 + (-1) ** name.count("1") * parity(name, bits)) / 2 for name in falls])
