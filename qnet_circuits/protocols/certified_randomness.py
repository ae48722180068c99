"""Random bits that a Bell test certifies: nobody knew them before, whoever made the boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from qnet_circuits.errors import check_range
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.classical_players import ClassicalPlayers
from qnet_circuits.programs.figures import Outcomes
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Analysis, Analyzed
from qnet_circuits.programs.registry import register
from qnet_circuits.protocols.chsh import chsh_program, classical_chsh_program
from qnet_circuits.qkd.certificate import Certificate, extracted, too_low
from qnet_circuits.qkd.observed import counted
from qnet_circuits.theory import bounds, chsh
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: Said of a run with a given seed.
SEEDED = "the random bits follow from the given seed"


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
        self.set_cheater([ClassicalPlayers])

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
        bits = np.concatenate([outcomes[item.name]["out"][:, 0] for item in program])
        proof = Certificate(len(bits), s_value.estimate(outcomes, 1 - self.epsilon), self.epsilon)
        refused = analysis.veto or proof.refusal
        figures = {
            "min_entropy": _entropy_of(s_value.estimate(outcomes, analysis.level)),
            "certified_bits": counted(0 if refused else proof.length),
        }
        notes = (SEEDED,) * analysis.demonstration + (() if refused else proof.notes)
        random = None if refused else extracted(bits, proof.length, analysis)
        more = {"aborted": refused, **proof.to_dict()}
        return Analyzed(figures, more, notes, {"random_bits": random}, refused, "" if refused else str(proof))

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the min-entropy of a round for an exact CHSH value; bits come from outcomes alone."""
        exact = figures["s_value"]
        refused = None if chsh.min_entropy(exact.value) else too_low(exact.value)
        return Analyzed({"min_entropy": _entropy_of(exact)}, {"aborted": refused}, refused=refused)


def _entropy_of(s: Estimate) -> Estimate:
    """Return the min-entropy of one outcome for S and for its limits."""
    value, low, high = map(chsh.min_entropy, (s.value, s.low, s.high))
    return Estimate(
        value, low, high, s.level, f"of the limits of s_value: {s.method}" if s.n else s.method, s.n
    )
