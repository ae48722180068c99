"""Where this library puts chains and stars, against the best of 20 seeds of Qiskit's level 3, both predicted exactly."""

from __future__ import annotations

import time
from collections.abc import Iterable

import qnet_circuits as qn
from benchmarks.measuring import Row
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.shared import forget

SEEDS = 20
#: How much worse than the best of level 3 a placement may be.
SLACK = 0.002
PROGRAMS = (qn.RepeaterChain(hops=8), qn.RepeaterChain(hops=15), qn.Ghz(parties=6))
DEVICES = (
    "fake_torino", "fake_kingston", "fake_marrakesh", "fake_boston", "fake_nighthawk", "fake_sherbrooke",
)  # fmt: skip
MODES = ("frame", "feedforward")


def rows(repeats: int = 1, seeds: int = SEEDS) -> list[Row]:
    """Return the rows of all programs, devices and modes; a placement is the same each time, so nothing is repeated."""
    return list(compared(PROGRAMS, DEVICES, MODES, seeds))


def compared(
    programs: Iterable[Protocol], devices: Iterable[str], modes: Iterable[str], seeds: int
) -> Iterable[Row]:
    """Yield, for each program, device and mode, the fidelity here over the best of level 3."""
    asked = [(program, device, mode) for program in programs for device in devices for mode in modes]
    for program, device, mode in asked:
        forget()
        begin = time.process_time()
        qn.compile(program, f"aer:{device}", corrections=mode)
        took = time.process_time() - begin
        ours, *others = qn.compare_layouts(program, device, seeds=seeds, corrections=mode)
        best = max(other.value for other in others)
        yield Row(
            f"{program.id} on {device}, {mode}, over the best of level 3",
            ours.value / best,
            "x",
            1 - SLACK / best,
            f"{ours.value:.4f} ({ours.swaps} SWAPs), {best:.4f} of {len(others)} different; compiled in {took:.1f} s",
        )
