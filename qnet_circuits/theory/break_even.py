"""The break-even of encoded links: encoded chains beside bare and distilled ones, over hops and the scale of all noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights, hashing_yield
from qnet_circuits.theory.distillation import Distilled
from qnet_circuits.theory.encoded import BARE, code_of, encoded_chain
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.recurrences import distilled, pairs_of

#: The quantities by which chains are compared.
QUANTITIES = ("fidelity", "pairs")


@dataclass(frozen=True)
class Contender:
    """The result of one way of making pairs over a chain.

    Args:
        made: The weights of a kept pair, and the probability that a pair is kept.
        raw: Number of raw pairs on each link.
    """

    made: Distilled
    raw: int

    @property
    def fidelity(self) -> float:
        """The fidelity of a pair that is kept, in [0, 1]."""
        return self.made.weights[0]

    @property
    def acceptance(self) -> float:
        """The probability that a pair is kept."""
        return self.made.success

    @property
    def pairs(self) -> float:
        """Perfect pairs, made by hashing very many kept pairs, for each raw pair on a link."""
        return hashing_yield(self.made.weights) * self.acceptance / self.raw


@dataclass(frozen=True)
class BreakEven:
    """The three contenders at one place of a break-even map.

    Args:
        hops: Number of links.
        scale: Factor of all noise.
        bare: The chain of single raw pairs.
        distilled: The chain whose links are distilled, and then swapped.
        encoded: The chain of encoded links.
    """

    hops: int
    scale: float
    bare: Contender
    distilled: Contender
    encoded: Contender

    def gain(self, quantity: str = "fidelity") -> float:
        """Return the lead of the encoded chain over the better one of the other two; negative if it is behind.

        Args:
            quantity: ``fidelity`` of kept pairs, or ``pairs``, the perfect pairs for each raw pair.

        Raises:
            UnknownNameError: If there is no such quantity.
        """
        check_name("quantity", quantity, QUANTITIES)
        others = max(getattr(each, quantity) for each in (self.bare, self.distilled))
        return float(getattr(self.encoded, quantity) - others)


def break_even(
    hops: Sequence[int],
    scales: Sequence[float],
    link: Sequence[float],
    noise: NoiseParameters,
    code: str = "422",
    detect: bool = True,
    scheme: str = "4-to-1",
) -> tuple[BreakEven, ...]:
    """Return the results of bare, distilled and encoded chains, for numbers of links and scales of noise.

    The errors of raw pairs, and those of the gate and the two readouts of each swap, are multiplied by the scale. Encoding,
    distillation and the ends are perfect, so the contenders differ only in the errors that they detect: distillation detects
    errors of links, and a code also detects errors of swaps.

    Args:
        hops: Numbers of links, each at least 1.
        scales: Factors of all noise, each at least 0.
        link: Weights (I, X, Y, Z) of each raw pair at scale 1, as of ``qn.Link(0.98).weights``.
        noise: The noise of swaps at scale 1.
        code: ``repetition-3`` or ``422``.
        detect: Whether the code discards pairs with detected errors, instead of correcting them.
        scheme: The distillation of links in one round, a name of ``theory.recurrences.SCHEMES``. Default: the code of four
            pairs, the number that ``422`` takes.

    Returns:
        An entry for each number of links and each scale.

    Raises:
        ParameterError: If a value is out of range, also after multiplication by a scale.
        UnknownNameError: If there is no such code or scheme.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> noise = NoiseParameters(gate_error=0.01, readout_error=0.01)
        >>> few, many = break_even([1, 4], [1.0], werner(0.98), noise)
        >>> round(few.gain(), 4), round(many.gain(), 4)
        (-0.0004, 0.0686)
    """
    if not len(hops) or not len(scales):
        raise ParameterError("a break-even map needs at least one number of hops and one scale")
    block, at = code_of(code, detect), check_weights(link)
    links = [_scaled(at, scale) for scale in scales]
    swaps = [_of_swaps(noise, scale) for scale in scales]
    better = [distilled(scheme, each) for each in links]

    def compared(many: int, k: int) -> BreakEven:
        joined = encoded_chain(BARE, [better[k].weights] * many, True, *swaps[k])
        return BreakEven(
            many,
            float(scales[k]),
            Contender(encoded_chain(BARE, [links[k]] * many, True, *swaps[k]), 1),
            Contender(Distilled(joined.weights, better[k].success ** many), pairs_of(scheme)),
            Contender(encoded_chain(block, [links[k]] * many, detect, *swaps[k]), block.size),
        )

    return tuple(compared(check_count("hops", many), k) for many in hops for k in range(len(scales)))


def _scaled(link: Weights, scale: float) -> Weights:
    """Return the weights with all errors multiplied by the scale."""
    most = math.inf if link[0] == 1 else 1 / (1 - link[0])
    scale = check_range("scale of the links' errors", scale, 0, most)
    errors = [scale * weight for weight in link[1:]]
    return check_weights([1 - sum(errors), *errors])


def _of_swaps(noise: NoiseParameters, scale: float) -> tuple[float, float]:
    """Return the probabilities that a gate is perfect and that a readout is right, at a scale of the noise."""
    gate = check_range("gate error at this scale", scale * noise.gate_error, 0, 1)
    readout = check_range("readout error at this scale", scale * noise.readout_error, 0, 1)
    return 1 - gate, 1 - readout
