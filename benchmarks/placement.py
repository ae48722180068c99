"""Where this library puts chains and stars: against the best of 20 seeds of Qiskit's level 3, how fast, and how surely.

All placements are predicted exactly. Seconds are taken first, while nothing else runs; then the rest, in a process for each
core.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import Any
from unittest import mock

import numpy as np

import qnet_circuits as qn
from benchmarks.measuring import Row
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.compiling import routing
from qnet_circuits.devices.device import Device
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.shared import forget

SEEDS = 20
#: How many searches are compared, each with seeds of its own, and on a device whose qubits have other numbers.
SEARCHES = 5
#: Each search has fewer seeds than this.
_APART = 1000
#: How much worse than the best of level 3 a placement may be.
SLACK = 0.002


@dataclass(frozen=True)
class Placing:
    """A program to place, with its bars.

    Args:
        name: What the rows call it.
        program: The program.
        seconds: How long its placement may take.
        spread: How far apart the values of different searches may be.
    """

    name: str
    program: Protocol
    seconds: float
    spread: float


PLACINGS = (
    Placing("GHZ star of 6", qn.Ghz(parties=6), 10.0, 0.01),
    Placing("15-hop chain", qn.RepeaterChain(hops=15), 5.0, 0.005),
    Placing("8-hop chain", qn.RepeaterChain(hops=8), 5.0, 0.005),
)
DEVICES = (
    "fake_sherbrooke", "fake_torino", "fake_kingston", "fake_marrakesh", "fake_boston", "fake_nighthawk",
)  # fmt: skip
#: That of ``make bench``; the others take as long again each.
DEVICE = "fake_torino"
MODES = ("frame", "feedforward")


def rows(repeats: int = 1) -> list[Row]:
    """Return the rows of all programs and modes on one device; a placement is the same each time, so nothing is repeated."""
    return list(compared(PLACINGS, [DEVICE], MODES, SEEDS, SEARCHES, os.cpu_count() or 1))


def all_rows(repeats: int = 1) -> list[Row]:
    """Return the rows of all programs, devices and modes."""
    return list(compared(PLACINGS, DEVICES, MODES, SEEDS, SEARCHES, os.cpu_count() or 1))


@dataclass(frozen=True)
class Case:
    """A program on a device in a correction mode."""

    placing: Placing
    device: str
    mode: str

    @property
    def name(self) -> str:
        return f"{self.placing.name} on {self.device}, {self.mode}"

    def seconds(self) -> tuple[float, int]:
        """Return the seconds of the processor that the placement takes, and its SWAPs."""
        forget()
        begin = time.process_time()
        compiled = qn.compile(self.placing.program, f"aer:{self.device}", corrections=self.mode)
        return time.process_time() - begin, max(item.swaps for item in compiled)

    def values(self, seeds: int) -> list[float]:
        """Return the predicted fidelity where the library puts the program, and those where level 3 does."""
        forget()
        found = qn.compare_layouts(self.placing.program, self.device, seeds=seeds, corrections=self.mode)
        return [each.value for each in found]

    def searched(self, number: int) -> float:
        """Return the predicted fidelity by another search: with other seeds, on a device whose qubits have other numbers."""
        forget()
        with mock.patch.object(routing, "FIRST_SEED", number * _APART):
            found = qn.predict(self.placing.program, renumbered(self.device, number), corrections=self.mode)
        forget()  # It is not where the library puts the program.
        return found.fidelity.value


def renumbered(name: str, number: int) -> Device:
    """Return a stand-in whose qubits have other numbers, in an order drawn by a seed.

    Most searches draw nothing. What else is arbitrary in them is the order of qubits, which decides where losses are equal, and
    which partial layouts are kept.
    """
    calibration = fake_device(name).calibration
    new = [int(qubit) for qubit in np.random.default_rng(number).permutation(calibration.num_qubits)]
    old = sorted(range(len(new)), key=new.__getitem__)
    qubits = tuple(calibration.qubits[qubit] for qubit in old)
    entries = tuple(
        replace(entry, qubits=tuple(new[qubit] for qubit in entry.qubits)) for entry in calibration.entries
    )
    return Device.from_calibration(replace(calibration, qubits=qubits, entries=entries))


def compared(
    placings: Sequence[Placing],
    devices: Iterable[str],
    modes: Iterable[str],
    seeds: int,
    searches: int,
    processes: int,
) -> Iterable[Row]:
    """Yield, for each program, the seconds at most, the spread of searches at most, and each fidelity over the best of level 3.

    Args:
        placings: The programs.
        devices: The devices.
        modes: The correction modes.
        seeds: How many seeds of level 3.
        searches: How many searches.
        processes: In how many processes fidelities are predicted; 1 for this one.
    """
    cases = [Case(*each) for each in product(placings, devices, modes)]
    for device in devices:
        qn.compile(qn.EntanglementSwapping(), f"aer:{device}")  # The device is known beforehand.
    timed = {case: found for case, found in _told("timed", [(case, case.seconds) for case in cases], 1)}
    jobs: list[tuple[Any, Callable[[], Any]]] = [(case, partial(case.values, seeds)) for case in cases]
    jobs += [((case, k), partial(case.searched, k)) for case in cases for k in range(1, searches)]
    found = dict(_told("predicted", jobs, processes))
    for placing in placings:
        own = [case for case in cases if case.placing == placing]
        slowest = max(own, key=lambda case: timed[case][0])
        longest = timed[slowest][0]
        yield Row(f"placing a {placing.name}, at most", longest, "s", placing.seconds, slowest.name)
        spread = {case: [found[case][0], *(found[case, k] for k in range(1, searches))] for case in own}
        widest = max(own, key=lambda case: max(spread[case]) - min(spread[case]))
        low, high = min(spread[widest]), max(spread[widest])
        yield Row(
            f"{placing.name}, values of {searches} searches apart at most", high - low, "", placing.spread,
            f"{low:.4f} to {high:.4f} on {widest.device}, {widest.mode}",
        )  # fmt: skip
        yield from (_over(case, found[case], *timed[case]) for case in own)


def _over(case: Case, values: Sequence[float], seconds: float, swaps: int) -> Row:
    ours, *others = values
    best = max(others)
    detail = f"{ours:.4f} ({swaps} SWAPs), {best:.4f} of {len(others)} different; compiled in {seconds:.1f} s"
    return Row(f"{case.name}, over the best of level 3", ours / best, "x", 1 - SLACK / best, detail)


def _told(
    what: str, jobs: Sequence[tuple[Any, Callable[[], Any]]], processes: int
) -> Iterable[tuple[Any, Any]]:
    """Yield the answer of each job with its key, and tell on the way how many are done."""
    begin = time.perf_counter()
    for done, answer in enumerate(_answers(jobs, processes), 1):
        print(
            f"\rplacement: {what} {done} of {len(jobs)}, {time.perf_counter() - begin:.0f} s",
            end="",
            file=sys.stderr,
        )
        yield answer
    print(file=sys.stderr)


def _answers(jobs: Sequence[tuple[Any, Callable[[], Any]]], processes: int) -> Iterable[tuple[Any, Any]]:
    if processes == 1:
        yield from ((key, job()) for key, job in jobs)
        return
    # One thread for each process: there is one for each core.
    alone = mock.patch.dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", RAYON_NUM_THREADS="1")
    with alone, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        asked = {pool.submit(job): key for key, job in jobs}
        yield from ((asked[each], each.result()) for each in as_completed(asked))
