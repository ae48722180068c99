"""What a run costs beyond Aer's own sampling, in a warm process: making, compiling, noise, prediction, counts, intervals.

Only that part counts, so a few shots do, except that the intervals and counts of more shots cost a little more. Where the
program goes on the processor was chosen by the first run; ``placing`` and ``placement`` time the choice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import qnet_circuits as qn
from benchmarks.measuring import Row, seconds_in_aer
from qnet_circuits.runs.shared import forget

BAR = 0.5
PROTOCOLS: Mapping[str, qn.Protocol] = {
    "3-hop chain": qn.RepeaterChain(hops=3),
    "10-hop chain": qn.RepeaterChain(hops=10),
    "teleportation over 9 hops": qn.Teleportation(hops=9),
    "long-range CNOT over 9 hops": qn.LongRangeCnot(hops=9),
    "GHZ of 6 parties": qn.Ghz(parties=6),
}
MODES = ("frame", "feedforward")


def beyond_aer(protocol: qn.Protocol, mode: str, shots: int, seed: int) -> tuple[float, qn.Result]:
    """Seconds of a run outside ``AerSimulator.run(...).result()``, compiling included, and its result.

    Seconds of a clock, not of the processor: on a machine with other work they say more than the run costs.
    """
    forget(choices=False)
    with seconds_in_aer() as spent:
        begin = time.perf_counter()
        result = qn.run(protocol, "aer:fake_kingston", shots=shots, seed=seed, corrections=mode)
        return time.perf_counter() - begin - sum(spent), result


def measure(name: str, mode: str, shots: int = 100, repeats: int = 4) -> Row:
    protocol = PROTOCOLS[name]
    beyond_aer(protocol, mode, shots, 0)
    found = [beyond_aer(protocol, mode, shots, 0) for _ in range(repeats)]
    seconds, result = min(found, key=lambda pair: pair[0])
    detail = f"compile {result.seconds['compile']:.3f} s, {result.resources['compiled']['qubits']} qubits"
    return Row(f"beyond Aer: {name}, {mode}", seconds, "s", BAR, detail)


def rows(repeats: int = 4) -> list[Row]:
    return [measure(name, mode, repeats=repeats) for mode in MODES for name in PROTOCOLS]
