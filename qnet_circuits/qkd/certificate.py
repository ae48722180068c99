"""What a Bell test certifies: how many random bits its outcomes hold for anybody else, and these bits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.programs.protocol import Analysis
from qnet_circuits.qkd.distilling import source
from qnet_circuits.qkd.postprocessing.finite_key import hashing_cost
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.toeplitz import amplify, seed_length
from qnet_circuits.theory import chsh
from qnet_circuits.theory.estimate import Estimate


@dataclass(frozen=True)
class Certificate:
    """What a lower confidence limit of S proves of the outcomes of one box.

    Args:
        rounds: Number of outcomes.
        s_value: S, with an interval of level 1 - ε, each of whose limits is wrong with probability ε/2 at most.
        epsilon: ε; the other half is for the extractor.

    Example:
        >>> proof = Certificate(1000, Estimate(2.7, 2.6, 2.8, 1 - 1e-6), 1e-6)
        >>> round(proof.held, 1), round(proof.cost, 1), proof.length
        (361.4, 41.9, 319)
    """

    rounds: int
    s_value: Estimate
    epsilon: float

    @property
    def held(self) -> float:
        """The min-entropy of all outcomes, in bits."""
        return self.rounds * chsh.min_entropy(self.s_value.low)

    @property
    def cost(self) -> float:
        """The bits that extraction costs."""
        return hashing_cost(self.epsilon / 2)

    @property
    def length(self) -> int:
        """Number of random bits that can be extracted.

        It depends on the outcomes, which costs nothing more. The distance from uniform adds at most √(P 2^(l - H))/2 for each
        length l of probability P; by Cauchy and Schwarz, the sum over all lengths that the true S allows is below ε/2.
        """
        return max(0, math.floor(self.held - self.cost))

    @property
    def refusal(self) -> str | None:
        """Why there are none, or None."""
        if self.length:
            return None
        if self.held == 0:
            return too_low(self.s_value.low)
        return (
            f"short: the rounds hold {self.held:.1f} bits, and extraction costs {self.cost:.1f}; raise the number of shots"
        )  # fmt: skip

    @property
    def notes(self) -> tuple[str, ...]:
        """A note if the limit is not exact, as when settings kept different numbers of shots and are not pooled."""
        if self.s_value.method.startswith("Clopper-Pearson"):
            return ()
        return (f"the lower limit of S, and with it ε, is approximate: {self.s_value.method}",)

    def to_dict(self) -> dict[str, float]:
        """Return plain values for the result."""
        return {
            "epsilon": self.epsilon,
            "lowest_s_value": self.s_value.low,
            "certified_min_entropy": chsh.min_entropy(self.s_value.low),
            "rounds": self.rounds,
        }

    def __str__(self) -> str:
        return (
            f"ε = {self.epsilon:g}: S is at least {self.s_value.low:.4f}, so {self.rounds} rounds hold {math.floor(self.held)} "
            f"bits; {self.cost:.1f} are lost in extraction"
        )


def extracted(bits: NDArray[np.bool_], length: int, analysis: Analysis) -> SecretKey:
    """Return ``length`` bits of outcomes that a random Toeplitz matrix hashes, drawn from the secret of the analysis."""
    seed = source(analysis, "extractor").bits(seed_length(len(bits), length))
    return SecretKey(amplify(bits, seed, length))


def too_low(s: float) -> str:
    """Return why a CHSH value certifies nothing."""
    return f"bell: S can be as low as {s:.4f}, and S up to 2 certifies nothing: boxes with a list reach it"
