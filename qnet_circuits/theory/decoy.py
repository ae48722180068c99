"""Decoy states: what the counts of three intensities prove of the pulses that carried one photon.

A laser's pulse of intensity k carries n photons with probability e^(-k) k^n/n!. Who takes one photon of a pulse with several
learns its bit without an error. Alice chooses an intensity for each pulse and names it afterwards: the line cannot treat the
intensities differently, so their counts bound how many bits came from vacuum and from one photon. Bounds and key length are
those of Lim, Curty, Walenta, Xu and Zbinden, Phys. Rev. A 89, 022307 (2014), arXiv:1311.7129. A later proof in more detail is
that of Wiesemann et al., arXiv:2405.16578.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.theory.entropy import binary_entropy

#: One number for each intensity.
Three = tuple[float, float, float]


@dataclass(frozen=True)
class Decoys:
    """The intensities of a laser's pulses, and how often each is chosen.

    Args:
        intensities: Mean photon numbers μ1 > μ2 + μ3 and μ2 > μ3 ≥ 0.
        probabilities: Probability of each, in (0, 1); their sum is 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> decoys = Decoys()
        >>> [round(decoys.emitted(n), 4) for n in (0, 1)]
        [0.7282, 0.2213]
    """

    intensities: Three = (0.45, 0.2, 2e-4)
    probabilities: Three = (0.6, 0.3, 0.1)

    def __post_init__(self) -> None:
        for name, high in (("intensities", 100.0), ("probabilities", 1.0)):
            values = getattr(self, name)
            if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != 3:
                raise ParameterError(f"{name} must be three numbers, got {values!r}")
            object.__setattr__(self, name, tuple(check_range(name, each, 0.0, high) for each in values))
        first, second, third = self.intensities
        if not (first > second + third and second > third):
            raise ParameterError(
                "intensities must fall, and the first must exceed the sum of the others, got "
                f"{first:g}, {second:g}, {third:g}"
            )
        if min(self.probabilities) == 0 or abs(sum(self.probabilities) - 1) > 1e-9:
            raise ParameterError(
                f"probabilities must be above 0, and their sum must be 1, got {self.probabilities}"
            )

    def __str__(self) -> str:
        return " ".join(",".join(map(repr, row)) for row in (self.intensities, self.probabilities))

    @classmethod
    def from_text(cls, text: str) -> Decoys:
        """Make it of its text form: intensities and probabilities, such as ``0.45,0.2,0.0002 0.6,0.3,0.1``.

        Raises:
            ValueError: If the text is something else.

        Example:
            >>> Decoys.from_text(str(Decoys())) == Decoys()
            True
        """
        intensities, probabilities = (tuple(map(float, row.split(","))) for row in text.split(" "))
        return cls(intensities, probabilities)  # type: ignore[arg-type]

    def emitted(self, photons: int) -> float:
        """Return τ_n = Σ_k p_k e^(-k) k^n/n!, the share of pulses with n photons."""
        n = check_count("photons", photons, 0)
        pairs = zip(self.intensities, self.probabilities, strict=True)
        return sum(p * math.exp(-k) * k**n for k, p in pairs) / math.factorial(n)


@dataclass(frozen=True)
class DecoyCounts:
    """What both parties count for each intensity.

    Args:
        key: Bits of the key's basis.
        test: Compared bits of the other basis.
        wrong: Those of them that differ.

    Raises:
        ParameterError: If a number is negative, or more bits differ than were compared.

    Example:
        >>> DecoyCounts((600, 100, 1), (60, 10, 0), (1, 0, 0)).bits
        701
    """

    key: Three
    test: Three
    wrong: Three

    def __post_init__(self) -> None:
        for name in ("key", "test", "wrong"):
            counts = tuple(check_range(name, each, 0, math.inf) for each in getattr(self, name))
            if len(counts) != 3:
                raise ParameterError(f"{name} must have three counts, got {len(counts)}")
        if any(a > b for a, b in zip(self.wrong, self.test, strict=True)):
            raise ParameterError(f"at most all compared bits differ, got {self.wrong} of {self.test}")

    @property
    def bits(self) -> float:
        """Bits of the key's basis, of all intensities."""
        return sum(self.key)


@dataclass(frozen=True)
class DecoyBound:
    """What counts prove of the bits of the key's basis.

    Args:
        vacuum: At least so many bits came from pulses without a photon, of whose bits nobody else can know anything.
        single: At least so many bits came from pulses with one photon.
        phase: At most this share of the latter has a phase error, in [0, 0.5].

    Example:
        >>> DecoyBound(10, 1000, 0.11).secret > 500
        True
    """

    vacuum: float
    single: float
    phase: float

    @property
    def secret(self) -> float:
        """Bits that Eve does not know before error correction, s0 + s1 (1 - h(φ))."""
        return self.vacuum + self.single * (1 - binary_entropy(self.phase))


def decoy_bound(decoys: Decoys, counts: DecoyCounts, epsilon: float, chance: float = 1.0) -> DecoyBound:
    """Return what the counts prove, with all bounds together wrong with the probability that the key's length allows for.

    Args:
        decoys: The source.
        counts: The counts. Only counts enter, no model of the line.
        epsilon: ε_sec, in (0, 0.5].
        chance: Factor on ε_sec in the bound of the phase error, below 1 if something was known of Alice's bits beforehand.

    Returns:
        The bound: at least 0 bits, and a phase error of 0.5, if the counts prove nothing.

    Example:
        >>> found = decoy_bound(Decoys(), DecoyCounts((340_000, 76_000, 30), (42_000, 9000, 4), (210, 45, 2)), 1e-10)
        >>> round(found.vacuum), round(found.single), round(found.phase, 4)
        (0, 198732, 0.2285)
    """
    epsilon = check_range("epsilon", epsilon, 1e-300, 0.5)
    chance = check_range("chance", chance, 1e-300, 1.0)
    vacuum, single = _sources(decoys, counts.key, epsilon)
    _, compared = _sources(decoys, counts.test, epsilon)
    if single < 1 or compared < 1:
        return DecoyBound(vacuum, max(0.0, single), 0.5)
    # One error more than none is what a sample without errors allows, where γ has no value.
    rate = min(0.5, max(1.0, _errors(decoys, counts.wrong, epsilon)) / compared)
    return DecoyBound(vacuum, single, min(0.5, rate + deviation(epsilon * chance, rate, compared, single)))


def _scaled(decoys: Decoys, counts: Sequence[float], epsilon: float) -> tuple[list[float], list[float]]:
    """Return n_k^- and n_k^+, each e^k/p_k times a count with Hoeffding's deviation."""
    spread = math.sqrt(sum(counts) / 2 * math.log(21 / epsilon))
    scale = [math.exp(k) / p for k, p in zip(decoys.intensities, decoys.probabilities, strict=True)]
    low, high = (
        [s * (n + sign * spread) for s, n in zip(scale, counts, strict=True)] for sign in (-1, 1)
    )  # fmt: skip
    return low, high


def _sources(decoys: Decoys, counts: Sequence[float], epsilon: float) -> tuple[float, float]:
    """Return s_0 and s_1, the fewest bits of one basis from pulses with no photon and with one."""
    (a, b, c), none, one = decoys.intensities, decoys.emitted(0), decoys.emitted(1)
    low, high = _scaled(decoys, counts, epsilon)
    total = float(sum(counts))
    vacuum = min(total, max(0.0, none * (b * low[2] - c * high[1]) / (b - c)))
    rest = low[1] - high[2] - (b**2 - c**2) / a**2 * (high[0] - vacuum / none)
    single = one * a * rest / (a * (b - c) - b**2 + c**2)
    return vacuum, min(total - vacuum, max(0.0, single))


def _errors(decoys: Decoys, wrong: Sequence[float], epsilon: float) -> float:
    """Return v_1, the most bits from pulses with one photon that differ."""
    _, b, c = decoys.intensities
    low, high = _scaled(decoys, wrong, epsilon)
    return decoys.emitted(1) * (high[1] - low[2]) / (b - c)


def deviation(epsilon: float, rate: float, sample: float, rest: float) -> float:
    """Return γ = √((c + d)(1 - b)b/(cd ln 2) · log2((c + d)/(cd(1 - b)b) · 21²/ε²)).

    The error rate of d bits exceeds that of a random sample of c by more than this with a small probability.

    Args:
        epsilon: ε, in (0, 0.5].
        rate: b, the error rate of the sample, in (0, 0.5].
        sample: c, at least 1.
        rest: d, at least 1.

    Example:
        >>> round(deviation(1e-10, 0.01, 10_000, 100_000), 5)
        0.01039
    """
    part = (sample + rest) / (sample * rest)
    width = check_range("rate", rate, 1e-300, 0.5) * (1 - rate)
    bits = math.log2(part / width) + 2 * (math.log2(21) - math.log2(epsilon))
    return math.sqrt(part * width / math.log(2) * max(0.0, bits))


def decoy_hashing_cost(epsilon: float) -> float:
    """Return 6 log2(21/ε_sec), what hashing and the splitting of the bits by photon numbers cost.

    Example:
        >>> round(decoy_hashing_cost(1e-10), 3)
        225.67
    """
    return 6 * (math.log2(21) - math.log2(check_range("epsilon", epsilon, 1e-300, 0.5)))


def decoy_key_length(
    bound: DecoyBound, leak: float, epsilon_secrecy: float, epsilon_correctness: float
) -> int:
    """Return ℓ = ⌊s0 + s1 (1 - h(φ)) - leak - 6 log2(21/ε_sec) - log2(2/ε_cor)⌋, at least 0.

    Args:
        bound: What the counts prove.
        leak: Bits revealed by the error correction.
        epsilon_secrecy: ε_sec, the same as for the bound.
        epsilon_correctness: ε_cor.

    Example:
        >>> decoy_key_length(DecoyBound(0, 100_000, 0.03), 20_000, 1e-10, 1e-15)
        60284
    """
    left = bound.secret - check_range("leak", leak, 0.0, math.inf) - decoy_hashing_cost(epsilon_secrecy)
    check = 1 - math.log2(check_range("epsilon_correctness", epsilon_correctness, 1e-300, 0.5))
    return max(0, math.floor(left - check))
