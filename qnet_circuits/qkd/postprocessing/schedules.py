"""Which blocks Cascade compares: the original schedule and modern ones (Martinez-Mateo et al., arXiv:1407.3257)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range


@dataclass(frozen=True)
class Schedule:
    """The block size of each pass, and whether what a search revealed is used again.

    Args:
        name: For messages.
        blocks: Block sizes in bits, one for each pass; at half the frame and above, a pass compares a random half.
        reuse: Whether the parities of sub-blocks that were revealed in a search are kept as blocks.

    Raises:
        ParameterError: If there is no pass or a size is below 1.

    Example:
        >>> make_schedule("opt(4)", 10_000, 0.03).blocks[:3]
        (34, 68, 5000)
    """

    name: str
    blocks: tuple[int, ...]
    reuse: bool = True

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ParameterError(f"schedule {self.name!r} needs at least one pass, got none")
        for size in self.blocks:
            check_count("block size", size)


def make_schedule(name: str, n: int, rate: float) -> Schedule:
    """Return a named schedule for a frame.

    Args:
        name: "original" (4 passes that double, 0.73/Q first), "opt(4)" (1/Q, twice that, then 14 halves), "opt(7)" (the
            power of two above 1/Q, four times that, then 12 halves) or "opt(8)" (powers of two and 4096, then 11
            halves; meant for frames of 2^14 bits and more). The last three reuse sub-blocks.
        n: Bits of the frame, at least 1.
        rate: Expected error rate Q, in [0, 0.5]; taken as at least 1/(2n).

    Raises:
        UnknownNameError: If there is no such schedule.
        ParameterError: If a value is out of range.

    Example:
        >>> make_schedule("original", 10_000, 0.03)
        Schedule(name='original', blocks=(25, 50, 100, 200), reuse=False)
    """
    make = SCHEDULES[check_name("schedule", name, SCHEDULES)]
    check_count("n", n)
    rate = max(check_range("rate", rate, 0.0, 0.5), 1 / (2 * n))
    sizes = (max(1, min(n, size)) for size in make(n, rate))
    return Schedule(name, tuple(sizes), reuse=name != "original")


def _halves(n: int, count: int) -> list[int]:
    return [math.ceil(n / 2)] * count


#: The named schedules: frame length and rate to block sizes.
SCHEDULES: dict[str, Callable[[int, float], list[int]]] = {
    "original": lambda n, rate: [math.ceil(0.73 / rate) * 2**step for step in range(4)],
    "opt(4)": lambda n, rate: [first := math.ceil(1 / rate), 2 * first, *_halves(n, 14)],
    "opt(7)": lambda n, rate: [
        first := 2 ** math.ceil(math.log2(1 / rate) - 1e-9), 4 * first, *_halves(n, 12)
    ],
    "opt(8)": lambda n, rate: [
        2 ** math.ceil(math.log2(1 / rate) - 0.5), 2 ** math.ceil((math.log2(1 / rate) - 0.5 + 12) / 2), 4096,
        *_halves(n, 11),
    ],
}  # fmt: skip
