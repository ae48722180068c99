"""A long repeater chain on stim, figures alone and with outcomes kept, against scripts written by hand for stim and Aer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import qnet_circuits as qn
from benchmarks.baselines.stim_chain import (
    CHUNK,
    SETTINGS,
    aer_circuit,
    aer_correlator,
    correlator,
    deciding,
    fidelity_of,
    stim_circuit,
)
from benchmarks.measuring import Row, best, in_turns
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.backends.stim import StimBackend

HOPS, FIDELITY, SHOTS, AER_SHOTS = 32, 0.99, 1_000_000, 300
CHAIN = qn.RepeaterChain(hops=HOPS, link_fidelity=FIDELITY)
#: Each task returns the seconds that count and the fidelity.
Found = tuple[float, float]


def spent(result: qn.Result) -> Found:
    return result.seconds["execute"] + result.seconds["analyze"], result.fidelity.value


def by_hand(chunk: int, shots: int) -> Callable[[int], Found]:
    def task(seed: int) -> Found:
        begin = time.perf_counter()
        found = [
            correlator(stim_circuit(HOPS, FIDELITY, each), deciding(HOPS, each), shots, chunk, 10 * seed + k)
            for k, each in enumerate(SETTINGS)
        ]
        return time.perf_counter() - begin, fidelity_of(found)

    return task


def on_aer(shots: int) -> Callable[[int], Found]:
    def task(seed: int) -> Found:
        begin = time.perf_counter()
        found = [
            aer_correlator(aer_circuit(HOPS, FIDELITY, each), deciding(HOPS, each), shots, 10 * seed + k)
            for k, each in enumerate(SETTINGS)
        ]
        return time.perf_counter() - begin, fidelity_of(found)

    return task


def deviation(name: str, fidelity: float, expected: float, shots: int) -> Row:
    """How far the baselines are off the exact value, in standard errors of one run."""
    error = math.sqrt(3 / shots) / 4
    return Row(
        name, abs(fidelity - expected) / error, "sigma", 5.0, f"{fidelity:.4f}, exactly {expected:.4f}"
    )


def quickest(found: Mapping[str, Any], name: str) -> float:
    return min(float(each.answer[0]) for each in found[name])


def with_link_noise(shots: int = SHOTS, repeats: int = 4, aer_shots: int = AER_SHOTS) -> list[Row]:
    tasks: dict[str, Callable[[int], Found]] = {
        "figures": lambda seed: spent(qn.run(CHAIN, "stim", shots=shots, seed=seed)),
        "kept": lambda seed: spent(qn.submit(CHAIN, "stim", shots=shots, seed=seed).result()),
        "chunks": by_hand(CHUNK, shots),
        "one call": by_hand(shots, shots),
    }
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats, first=1)
    aer = in_turns({"aer": on_aer(aer_shots)}, 1)
    figures, kept, chunks, one = (quickest(found, name) for name in tasks)
    slow = quickest(aer, "aer") * shots / aer_shots
    exact = qn.predict(CHAIN).fidelity.value
    mean = sum(each.answer[1] for each in found["chunks"]) / repeats
    total, name = best(found["figures"]), f"{HOPS}-hop chain on stim"
    hand = {"in chunks": chunks, "in one call": one, "on Aer's stabilizers": slow}

    def row(what: str, ours: float, by: str, bar: float, more: str = "") -> Row:
        detail = f"{hand[by]:.2f} s by hand, {ours:.3f} s{more}"
        return Row(f"{name}, {what}, by hand {by}", hand[by] / ours, "x", bar, detail)

    return [
        row("figures", figures, "in chunks", 2.0, f"; {total:.2f} s in all"),
        row("outcomes kept", kept, "in one call", 1.2),
        row("outcomes kept", kept, "in chunks", 1.0),
        row("figures", figures, "on Aer's stabilizers", 500.0, f"; Aer's from {aer_shots} shots"),
        deviation(f"{name}, baseline's deviation", mean, exact, repeats * shots),
    ]


def on_processor(device: str = "fake_torino", shots: int = SHOTS, repeats: int = 4) -> list[Row]:
    """All of the twin's noise; the same noisy circuits sampled by hand, without the time that making them takes."""
    chain = qn.RepeaterChain(hops=HOPS)
    compiled = qn.compile(chain, f"aer:{device}", corrections="frame")
    backend = backend_of(f"stim:{device}")
    assert isinstance(backend, StimBackend)
    circuits = {each.name: each for each in backend.circuits(compiled)}
    (layout,) = compiled.layout or [[]]
    bits = {}
    for item in compiled:
        forms = item.lowered.forms
        raw = {place: k for k, place in enumerate(forms.raw)}
        odd: set[int] = set()
        for k in range(2):
            odd ^= set(forms.registers["out"][k])
        places = [(name, k) for name, width in circuits[item.name].registers for k in range(width)]
        records = {
            raw[place]: circuits[item.name].records[k] for k, place in enumerate(places) if place in raw
        }
        bits[item.name] = [records[column] for column in sorted(odd)]

    def hand(seed: int) -> Found:
        begin = time.perf_counter()
        found = [
            correlator(circuits[name].circuit, bits[name], shots, CHUNK, 10 * seed + k)
            for k, name in enumerate(SETTINGS)
        ]
        return time.perf_counter() - begin, fidelity_of(found)

    def ours(seed: int) -> Found:
        options = {"corrections": "frame", "layout": layout, "predict": False}
        return spent(qn.run(chain, backend, shots=shots, seed=seed, **options))

    found = in_turns({"figures": ours, "hand": hand}, repeats)
    figures, theirs, total = quickest(found, "figures"), quickest(found, "hand"), best(found["figures"])
    detail = f"{theirs:.2f} s by hand, {figures:.3f} s; {total:.2f} s in all"
    name = f"{HOPS}-hop chain on stim:{device}"
    exact = qn.predict(chain, device, corrections="frame", layout=layout).fidelity.value
    mean = sum(each.answer[1] for each in found["figures"]) / repeats
    return [
        Row(f"{name}, figures, by hand in chunks", theirs / figures, "x", 2.0, detail),
        deviation(f"{name}, deviation from the exact engine", mean, exact, repeats * shots),
    ]


def rows(repeats: int = 4) -> list[Row]:
    return [*with_link_noise(repeats=repeats), *on_processor(repeats=repeats)]
