"""Error correction against qkdpy's, and Toeplitz hashing against SciPy's, on the same input each."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import Row, best, in_turns
from qnet_circuits.qkd.postprocessing.cascade import LocalOracle, Reconciled, efficiency, reconcile
from qnet_circuits.qkd.postprocessing.passes import Frame, make_schedule
from qnet_circuits.qkd.postprocessing.toeplitz import toeplitz_hash

CASCADE_BAR, TOEPLITZ_BAR, ROUND_TRIPS_BAR = 20.0, 3.0, 300.0
ABSENT = "not measured: qkdpy 0.8.0 is not installed; pip install -e '.[bench]'"
Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Frames:
    """Alice's bits and Bob's, which differ in exactly so many places."""

    alice: Bits
    bob: Bits

    @classmethod
    def random(cls, n: int, rate: float, seed: int = 1) -> Frames:
        rng = np.random.default_rng(seed)
        alice = rng.integers(0, 2, n, np.uint8)
        bob = alice.copy()
        bob[rng.permutation(n)[: round(n * rate)]] ^= 1
        return cls(alice, bob)

    def left(self, corrected: Any) -> int:
        """How many bits are wrong in what Bob ends with."""
        return int(np.count_nonzero(self.alice != np.asarray(corrected)))

    @property
    def rate(self) -> float:
        return self.left(self.bob) / len(self.alice)

    def efficiency(self, leak: int) -> float:
        return efficiency(leak, len(self.alice), self.rate)


def ours(frames: Frames, name: str, seed: int, parts: int = 1) -> Reconciled:
    """Everything that frames cost: schedule, shuffles, Alice's parities and Bob's search."""
    hers, his = (
        [
            Frame(part, make_schedule(name, len(part), frames.rate), (seed, place))
            for place, part in enumerate(np.array_split(bits, parts))
        ]
        for bits in (frames.alice, frames.bob)
    )
    return reconcile(his, LocalOracle(hers).tell)


@contextmanager
def parities_told(module: Any) -> Iterator[list[int]]:
    """Count qkdpy's parities: it takes each as ``sum`` of a slice of Alice's list, and then of Bob's."""
    calls = [0]

    def counting(values: Any) -> Any:
        calls[0] += 1
        return builtins.sum(values)

    module.sum = counting
    try:
        yield calls
        calls[0] //= 2
    finally:
        del module.sum


def cascade(frames: Frames, repeats: int) -> list[Row]:
    """opt(4) against qkdpy with the blocks that it takes by itself, and with those of the original schedule."""
    title = f"Cascade opt(4), {len(frames.alice)} bits at {frames.rate:.0%}, over qkdpy"
    if find_spec("qkdpy") is None:
        return [Row(title, None, "x", None, ABSENT)]
    module = import_module("qkdpy.key_management.error_correction")
    lists = frames.alice.tolist(), frames.bob.tolist()
    blocks = list(make_schedule("original", len(frames.alice), frames.rate).blocks)
    choices: dict[str, dict[str, Any]] = {"by itself": {}, "original's blocks": {"block_sizes": blocks}}

    def theirs(options: dict[str, Any]) -> Callable[[int], Any]:
        return lambda _: module.ErrorCorrection.cascade(*lists, **options)[1]

    tasks: dict[str, Callable[[int], Any]] = {name: theirs(options) for name, options in choices.items()}
    tasks["opt(4)"] = lambda seed: ours(frames, "opt(4)", seed)
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats, first=1)
    seconds = best(found["opt(4)"])
    done = [each.answer for each in found["opt(4)"]]
    leak = round(sum(one.leak for one in done) / repeats)
    wrong = max(frames.left(one.bits) for one in done)
    rows = []
    for name, options in choices.items():
        with parities_told(module) as told:
            left = frames.left(theirs(options)(0))
        detail = (
            f"{1e3 * best(found[name]):.0f} ms, f {frames.efficiency(told[0]):.3f}, {left} bits left wrong; "
            f"{1e3 * seconds:.1f} ms, f {frames.efficiency(leak):.3f}, {wrong} left"
        )
        bar = CASCADE_BAR if not options else None
        rows.append(Row(f"{title} {name}", best(found[name]) / seconds, "x", bar, detail))
    return rows


def schedules(frames: Frames, repeats: int) -> list[Row]:
    """Speed and efficiency of each schedule, for orientation."""
    names = ("original", "opt(4)", "opt(7)", "opt(8)")

    def task(name: str) -> Callable[[int], Any]:
        return lambda seed: ours(frames, name, seed)

    found = in_turns({name: task(name) for name in names}, repeats)
    rows = []
    for name in names:
        leak = round(sum(each.answer.leak for each in found[name]) / repeats)
        detail = f"f {frames.efficiency(leak):.3f}, {found[name][0].answer.rounds} rounds"
        rate = len(frames.alice) / best(found[name]) / 1e6
        rows.append(Row(f"Cascade {name}, {len(frames.alice)} bits", rate, "Mbit/s", None, detail))
    return rows


def side_by_side(repeats: int, n: int = 2**20, parts: int = 8) -> Row:
    """The most round trips of frames that are corrected together, with their efficiency and speed."""
    frames = Frames.random(n, 0.03)
    found = in_turns({"opt(4)": lambda seed: ours(frames, "opt(4)", seed, parts)}, repeats)["opt(4)"]
    worst = max((each.answer for each in found), key=lambda done: done.rounds)
    detail = (
        f"f {frames.efficiency(worst.leak):.3f}, {frames.left(worst.bits)} bits left wrong, "
        f"{n / best(found) / 1e6:.1f} Mbit/s"
    )
    title = f"Cascade opt(4), {n} bits in {parts} frames"
    return Row(title, float(worst.rounds), "round trips", ROUND_TRIPS_BAR, detail)


def scipy_hash(bits: Bits, seed: Bits, length: int) -> Bits:
    """The same hash by SciPy's product with a Toeplitz matrix of floating-point numbers."""
    from scipy.linalg import matmul_toeplitz

    numbers, n = seed.astype(float), len(bits)
    product = matmul_toeplitz((numbers[n - 1 :], numbers[n - 1 :: -1]), bits.astype(float))
    return (np.rint(product).astype(np.int64) & 1).astype(np.uint8)


def toeplitz(n: int, length: int, repeats: int) -> Row:
    rng = np.random.default_rng(1)
    bits, seed = rng.integers(0, 2, n, np.uint8), rng.integers(0, 2, n + length - 1, np.uint8)
    tasks: dict[str, Callable[[int], Any]] = {
        "ours": lambda _: toeplitz_hash(bits, seed, length),
        "scipy": lambda _: scipy_hash(bits, seed, length),
    }
    found = in_turns(tasks, repeats)
    if any((each.answer != found["ours"][0].answer).any() for each in found["scipy"]):
        raise AssertionError("the two hashes differ")
    mine, theirs = best(found["ours"]), best(found["scipy"])
    detail = f"{theirs:.2f} s by matmul_toeplitz, {mine:.2f} s; the same bits"
    return Row(f"Toeplitz hash, {n} to {length} bits, over SciPy", theirs / mine, "x", TOEPLITZ_BAR, detail)


def rows(repeats: int = 4) -> list[Row]:
    frames = Frames.random(100_000, 0.03)
    hashed = toeplitz(10**7, 5 * 10**6, min(repeats, 2))
    return [*cascade(frames, repeats), *schedules(frames, repeats), side_by_side(repeats), hashed]
