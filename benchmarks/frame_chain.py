"""A repeater chain from protocol to figure on the twin of a processor, against a script written by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import qnet_circuits as qn
from benchmarks.baselines.chain import chain_fidelity
from benchmarks.measuring import Row, best, in_turns

#: Lines of qubits of fake_torino that need no SWAP.
LAYOUTS = {3: (36, 29, 28, 27, 17, 8), 5: (5, 6, 7, 8, 17, 27, 28, 29, 36, 48)}
BARS = {3: 10.0, 5: 5.0}


def library_fidelity(hops: int, layout: Sequence[int], shots: int, seed: int, **options: object) -> qn.Result:
    options = {"corrections": "frame", **options}
    chain = qn.RepeaterChain(hops=hops)
    return qn.run(chain, "aer:fake_torino", shots=shots, layout=layout, seed=seed, **options)


def agreement(hops: int, by_hand: float, shots: int, **options: object) -> tuple[float, float]:
    """The exact fidelity with the library's noise but waiting, and the baseline's deviation from it in standard errors.

    Aer's noise model knows no waiting, so the library's is off for this.
    """
    layout = LAYOUTS[hops]
    chain = qn.RepeaterChain(hops=hops)
    options = {"corrections": "frame", **options}
    exact = qn.predict(chain, "fake_torino", noise=qn.DeviceNoise(idle=False), layout=layout, **options)
    correlators = [exact[name].value for name in ("xx", "yy", "zz")]
    error = math.sqrt(sum(1 - value**2 for value in correlators) / shots) / 4
    return exact.fidelity.value, (by_hand - exact.fidelity.value) / error


def measure(hops: int, shots: int = 10_000, repeats: int = 5) -> list[Row]:
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider import FakeTorino

    device, layout = FakeTorino(), LAYOUTS[hops]
    simulator = AerSimulator.from_backend(device)
    tasks = {
        "library": lambda seed: library_fidelity(hops, layout, shots, seed).fidelity.value,
        "built": lambda seed: chain_fidelity(hops, device, layout, shots, seed),
        "before": lambda seed: chain_fidelity(hops, device, layout, shots, seed, simulator),
    }
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats, first=1)
    ours = best(found["library"])
    rows = []
    for name, said in (("built", "simulator built in each run"), ("before", "simulator built beforehand")):
        theirs = best(found[name])
        detail = f"{theirs:.2f} s by hand, {ours:.3f} s"
        rows.append(Row(f"{hops}-hop chain, frame, {said}", theirs / ours, "x", BARS[hops], detail))
    mean = sum(each.answer for each in found["before"]) / repeats
    return [*rows, same_physics(f"{hops}-hop chain, frame", hops, mean, repeats * shots)]


def same_physics(name: str, hops: int, by_hand: float, shots: int, **options: object) -> Row:
    """A row that says how far apart library and baseline are, in the baseline's standard errors."""
    exact, deviation = agreement(hops, by_hand, shots, **options)
    sampled = library_fidelity(hops, LAYOUTS[hops], shots, 0, noise={"idle": False}, **options).fidelity
    detail = f"fidelity {by_hand:.4f} by hand; library without waiting {sampled}, exactly {exact:.4f}"
    return Row(f"{name}, baseline's deviation", abs(deviation), "sigma", 5.0, detail)


def rows(repeats: int = 5) -> list[Row]:
    return [*measure(3, repeats=repeats), *measure(5, repeats=repeats)]
