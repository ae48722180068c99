"""The exact engine on long chains: what 100 and 500 hops on a line of qubits cost, and 30 hops on a processor."""

from __future__ import annotations

from typing import Any

import qnet_circuits as qn
from benchmarks.measuring import Measured, Row, best, in_turns

SECONDS_100, GROWTH, SECONDS_30 = 10.0, 1.5, 5.0


def _parts(measured: list[Measured]) -> str:
    """What compiling and evaluating took in the best round."""
    seconds = min(measured, key=lambda each: each.seconds).answer.seconds
    return f"compile {seconds['compile']:.2f} s, evaluate {seconds['execute']:.2f} s"


def measure(mode: str, short: int = 100, long: int = 500, repeats: int = 3) -> list[Row]:
    """Both chains in turns; only frame mode has bars."""
    devices = {hops: qn.line_device(2 * hops) for hops in (short, long)}

    def whole(hops: int) -> Any:
        return lambda _: qn.predict(qn.RepeaterChain(hops=hops), devices[hops], corrections=mode)

    tasks = {str(hops): whole(hops) for hops in (short, long)}
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats, first=1)
    few, many = best(found[str(short)]), best(found[str(long)])
    growth = (many / long) / (few / short)
    barred = mode == "frame"
    detail = f"{1e3 * few / short:.2f} and {1e3 * many / long:.2f} ms a hop"
    return [
        Row(
            f"{short} hops exactly, {mode}",
            few,
            "s",
            SECONDS_100 if barred else None,
            _parts(found[str(short)]),
        ),
        Row(f"{long} hops exactly, {mode}", many, "s", None, _parts(found[str(long)])),
        Row(f"a hop of {long} over one of {short}, {mode}", growth, "", GROWTH if barred else None, detail),
    ]


def on_processor(hops: int = 30, repeats: int = 3) -> Row:
    tasks = {"predict": lambda _: qn.predict(qn.RepeaterChain(hops=hops), "fake_torino")}
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats)["predict"]
    return Row(f"{hops} hops exactly on fake_torino", best(found), "s", SECONDS_30, _parts(found))


def rows(repeats: int = 3) -> list[Row]:
    return [
        *measure("frame", repeats=repeats),
        *measure("feedforward", repeats=repeats),
        on_processor(repeats=repeats),
    ]
