"""Random bits that a Bell test certifies: nobody knew them before, whoever made the boxes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import check_range
from qnet_circuits.programs.blocks import ChainProtocol
from qnet_circuits.programs.cheater import cheater_of
from qnet_circuits.programs.classical_players import ClassicalPlayers
from qnet_circuits.programs.figures import Outcomes
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Analysis, Analyzed, register
from qnet_circuits.protocols.chsh import chsh_program, classical_chsh_program
from qnet_circuits.qkd.observed import counted
from qnet_circuits.qkd.postprocessing.finite_key import hashing_cost
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.toeplitz import amplify, seed_length
from qnet_circuits.theory import bounds, chsh
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters


@register
@dataclass(frozen=True)
class CertifiedRandomness(ChainProtocol):
    """Random bits from outcomes that break the CHSH inequality, and the reason why not if they do not.

    Two boxes at the ends of a chain play CHSH rounds. If S exceeds 2, nobody can have known the outcomes before: each of
    Alice's holds at least 1 - log2(1 + √(2 - S²/4)) bits of min-entropy, whatever is in the boxes. ``min_entropy`` is this
    number with its interval. The certified bits follow from a lower confidence limit of S that is wrong with probability ε/2
    at most: the entropy of all rounds, less the 2 log2(2/ε) bits that extraction costs. A random Toeplitz matrix makes them of
    Alice's outcomes: ``result.random_bits``, ε-close to uniform. If the limit certifies nothing, there are no bits, and the run
    ends with a refusal.

    On hardware: as ``chsh``, 2N qubits in a line for N hops. Corrections can be made in software (Pauli frame).

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        epsilon: ε, the probability that the claim fails, in [1e-12, 0.5]: half for the test, half for the extractor. Default
            1e-6.
        cheater: ``classical``: the boxes share no entanglement and answer from a list that their maker knows. They reach S = 2
            exactly, and nothing is certified. Default: nobody.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> theory = CertifiedRandomness(link_fidelity=0.95).theory(NoiseParameters())
        >>> {name: round(value, 4) for name, value in theory.items()}
        {'s_value': 2.6399, 'min_entropy': 0.4076}
    """

    name: ClassVar[str] = "certified-randomness"
    stage: ClassVar[str] = "entanglement distribution"
    secret_outcomes: ClassVar[bool] = True
    assumes: ClassVar[tuple[str, ...]] = (
        "Rounds are independent and alike, and the maker of the boxes attacks each by itself: all shots of a setting run "
        "together, so boxes that remember could tell the setting, and are not covered.",
        "Neither box learns the other one's setting, although two boxes on one chip are too close to exclude that by distance; "
        "every round counts, so no loss opens the detection loophole.",
        "The seed of the extractor is expanded from 32 secret bytes that the boxes do not know; it is longer than what comes "
        "out, but whoever learns it later learns nothing of the bits.",
        "Both boxes are read in one laboratory that nobody looks into, so nothing is announced; outcomes of a simulation come "
        "from a pseudo-random generator, and the bits are then a demonstration.",
    )
    source: ClassVar[str] = "Pironio et al., Nature 464, 1021 (2010), arXiv:0911.3427"

    epsilon: float = 1e-6
    cheater: ClassicalPlayers | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "epsilon", check_range("epsilon", self.epsilon, 1e-12, 0.5))
        object.__setattr__(self, "cheater", cheater_of(self.cheater, [ClassicalPlayers]))

    def program(self, rng: np.random.Generator) -> Program:
        """Return four circuits, one for each pair of settings."""
        if self.cheater is not None:
            return classical_chsh_program(self.chain)
        made = chsh_program(self.chain)
        # Bob's outcomes tell of Alice's, so they are not said aloud.
        return Program([replace(item, announced=()) for item in made], made.figures, made.network)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the CHSH value of all links, and the min-entropy of a round."""
        if not noise.ideal:
            return {}
        s = bounds.CHSH_CLASSICAL if self.cheater is not None else chsh.s_value(self.chain.weights)
        return {"s_value": s, "min_entropy": chsh.min_entropy(s)}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A CHSH value of 2 at most certifies nothing."""
        return {"s_value": {"classical": bounds.CHSH_CLASSICAL}}

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Return the min-entropy of a round, how many bits are certified, and these bits."""
        program = self.program(np.random.default_rng(0))
        (s_value,) = program.figures
        # Each limit of an interval of this level is wrong with probability ε/2 at most.
        lowest = s_value.estimate(outcomes, 1 - self.epsilon).low
        bits = np.concatenate([outcomes[item.name]["out"][:, 0] for item in program])
        held, cost = len(bits) * chsh.min_entropy(lowest), hashing_cost(self.epsilon / 2)
        length = max(0, math.floor(held - cost))
        refused = analysis.veto or (None if length else _refusal(lowest, held, cost))
        random = None if refused else extracted(bits, length, analysis)
        figures = {
            "min_entropy": _entropy_of(s_value.estimate(outcomes, analysis.level)),
            "certified_bits": counted(0 if refused else length),
        }
        more: dict[str, Any] = {
            "aborted": refused,
            "epsilon": self.epsilon,
            "lowest_s_value": lowest,
            "certified_min_entropy": chsh.min_entropy(lowest),
            "rounds": len(bits),
        }
        notes = ("the random bits follow from the given seed",) if analysis.demonstration else ()
        report = "" if refused else (
            f"ε = {self.epsilon:g}: S is at least {lowest:.4f}, so {len(bits)} rounds hold {math.floor(held)} bits; "
            f"{cost:.1f} are lost in extraction"
        )  # fmt: skip
        return Analyzed(figures, more, notes, {"random_bits": random}, refused, report)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the min-entropy of a round for an exact CHSH value; bits come from outcomes alone."""
        exact = figures["s_value"]
        refused = None if chsh.min_entropy(exact.value) else _refusal(exact.value, 0.0, 0.0)
        return Analyzed({"min_entropy": _entropy_of(exact)}, {"aborted": refused}, refused=refused)


def extracted(bits: NDArray[np.bool_], length: int, analysis: Analysis) -> SecretKey:
    """Return ``length`` bits of outcomes that a random Toeplitz matrix hashes, drawn from the secret of the analysis."""
    source = Randomness(root=analysis.root, stream="extractor", demonstration=analysis.demonstration)
    return SecretKey(amplify(bits, source.bits(seed_length(len(bits), length)), length))


def _entropy_of(s: Estimate) -> Estimate:
    value, low, high = map(chsh.min_entropy, (s.value, s.low, s.high))
    return Estimate(
        value, low, high, s.level, f"of the limits of s_value: {s.method}" if s.n else s.method, s.n
    )


def _refusal(lowest: float, held: float, cost: float) -> str:
    """Return why nothing is certified."""
    if chsh.min_entropy(lowest) == 0:
        return f"bell: S can be as low as {lowest:.4f}, and S up to 2 certifies nothing: boxes with a list reach it"
    return (
        f"short: the rounds hold {held:.1f} bits, and extraction costs {cost:.1f}; raise the number of shots"
    )
