"""Copies of a chain side by side on a chip, against one copy: how many are predicted to be good, and what a second buys."""

from __future__ import annotations

import time

import qnet_circuits as qn
from benchmarks.measuring import Row
from qnet_circuits.runs.shared import forget

HOPS, DEVICE, WORST, SHOTS = 3, "fake_torino", 0.5, 4000
#: So many times one copy at least.
BAR = 12.0


def measure(hops: int, device: str) -> list[Row]:
    """Fill a chip with copies, and price a run with all and with one."""
    chain = qn.RepeaterChain(hops=hops)
    forget()
    begin = time.perf_counter()
    full = qn.predict(chain, device, copies="max", worst_copy=WORST)
    seconds = time.perf_counter() - begin
    count, each = full.copies["count"], full.copies["figures"]["fidelity"]["value"]
    costs = {n: qn.estimate_cost(chain, f"aer:{device}", copies=n, shots=SHOTS) for n in (1, count)}
    pairs = {n: n * cost.executions / cost.seconds for n, cost in costs.items()}
    return [
        Row(
            f"copies of a {hops}-hop chain on {device}, each predicted F >= {WORST:g}",
            float(count) if min(each) >= WORST else None,
            "x",
            BAR,
            f"F {min(each):.3f} to {max(each):.3f}, {len(full.copies['touching'])} couplings between copies, {seconds:.1f} s",
        ),
        Row(
            "pairs for each processor second, a chip full against one copy",
            pairs[count] / pairs[1],
            "x",
            BAR,
            f"estimated, {pairs[count]:,.0f} against {pairs[1]:,.0f}",
        ),
    ]


def rows(repeats: int) -> list[Row]:
    """Return the rows; counts are the same each time."""
    return measure(HOPS, DEVICE)
