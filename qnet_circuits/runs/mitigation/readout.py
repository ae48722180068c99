"""The readout errors of one qubit, their uncertainty, and bounds on the errors of preparation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.theory.estimate import proportion


@dataclass(frozen=True)
class Readout:
    """The number of wrong readings of one qubit, prepared in |0⟩ and in |1⟩.

    Args:
        wrong: The counts of 1 read from |0⟩, and of 0 read from |1⟩.
        shots: The number of shots of each.
        gates: Upper bound on the probability that the gates that prepare |1⟩ leave another state, in [0, 1].
        excited: Upper bound on the probability that the qubit was in |1⟩ before these gates, in [0, 1].

    Example:
        >>> Readout((10, 40), (1000, 1000)).errors
        (0.01, 0.04)
    """

    wrong: tuple[int, int]
    shots: tuple[int, int]
    gates: float = 0.0
    excited: float = 0.0

    def begun(self, before: tuple[int, int] | None, level: float) -> Readout:
        """Return the readout with a bound on the initial excitation of the qubit.

        A reading of 1 from |0⟩ may come from a qubit in |1⟩. If only shots with a first measurement of 0 count, a qubit in |1⟩
        must have been misread then. So t ≤ h b / ((1 - b) (1 - h)), with h the share of 1 in the first measurement and b the
        probability to read 0 from |1⟩.

        Args:
            before: The count of 1 in a first measurement, and the number of shots; None if there was no first measurement.
            level: Confidence level of the bound.
        """
        zero, one = self.highest(level)
        if before is None:
            return replace(self, excited=min(zero / (1 - one), 1.0) if one < 1 else 1.0)
        first = proportion(*before, level).high
        right = (1 - one) * (1 - first)
        return replace(self, excited=min(first * one / right, 1.0) if right > 0 else 1.0)

    @property
    def errors(self) -> tuple[float, float]:
        """P(1|0) and P(0|1), if the states were prepared without error."""
        return self.wrong[0] / self.shots[0], self.wrong[1] / self.shots[1]

    def highest(self, level: float) -> tuple[float, float]:
        """Return the upper limits of both."""
        first, second = (proportion(*each, level).high for each in zip(self.wrong, self.shots, strict=True))
        return first, second

    @property
    def variances(self) -> tuple[float, float]:
        """The variances of both, by the number of shots."""
        first, second = (e * (1 - e) / shots for e, shots in zip(self.errors, self.shots, strict=True))
        return first, second

    def variance(self, slopes: tuple[float, float]) -> float:
        """Return the variance that both errors give a figure with these derivatives."""
        return sum(slope**2 * each for slope, each in zip(slopes, self.variances, strict=True))

    def check(self, qubit: int, level: float) -> None:
        """Raise UnsupportedError if, by the data, the qubit's bits may be independent of its state."""
        if sum(self.highest(level)) >= 1:
            raise UnsupportedError(
                f"qubit {qubit} reads 1 from |0⟩ and 0 from |1⟩ too often to be corrected, or was measured too rarely"
            )

    def astray(self) -> tuple[float, float]:
        """Return upper bounds on the probabilities that the qubit, prepared in |0⟩ or in |1⟩, was not in this state."""
        return self.excited, min(self.excited + self.gates, 1.0)

    def shifts(self, slopes: tuple[float, float]) -> tuple[float, float]:
        """Return how far preparation errors can move a figure below and above its value.

        Let t be the probability that a qubit prepared in |0⟩ is not in |0⟩, and s the same for |1⟩. Then the qubit reads 1
        from |0⟩ with probability a + t (1 - a - b), and 0 from |1⟩ with b + s (1 - a - b). So its readout errors are smaller
        than the measured ones.

        Args:
            slopes: The derivatives of the figure by both readout errors.
        """
        astray = self.astray()
        contrast = (1 - sum(self.errors)) / max(1 - sum(astray), 0.5)
        moves = [-slope * most * contrast for slope, most in zip(slopes, astray, strict=True)]
        return -sum(min(move, 0.0) for move in moves), sum(max(move, 0.0) for move in moves)
