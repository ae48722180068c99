"""The tables of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qnet_circuits.runs.results.report.elements import facts_table, rows_table
from qnet_circuits.runs.results.tables import bounds_text, filled, interval, number, p_value_text

if TYPE_CHECKING:
    from qnet_circuits.runs.manifest import Manifest
    from qnet_circuits.runs.results.comparison import FigureResult
    from qnet_circuits.runs.results.result import Result
    from qnet_circuits.theory.estimate import Estimate

#: So many figures are listed; the plot shows all, and the result has them.
_MOST_ROWS = 200
#: Units of numbers in a description of noise.
_UNITS = {
    "feedforward_latency": ", s", "decision_latency": ", s", "zz": ", Hz", "charge_parity": ", Hz", "t2_star": ", s",
}  # fmt: skip
#: What the ledger's entries on messages are called here.
_MESSAGES = {
    "classical_bits": "bits that corrections or decisions wait for", "rounds": "rounds of messages that something waits for",
    "announced_bits": "bits announced aloud to compare",
}  # fmt: skip
#: Text longer than this is cut in a table.
_LONG = 400


def asked_table(result: Result, manifest: Manifest | None) -> str:
    """Return the table of what was run, where and when."""
    known = {**result.provenance, **({} if manifest is None else {"created": manifest.get("created")})}
    names = {
        "protocol": "protocol", "parameters": "parameters", "backend": "backend", "corrections": "corrections",
        "shots": "shots for each circuit", "seed": "seed", "created": "prepared", "calibration_date": "calibration of",
        "run_id": "run",
    }  # fmt: skip
    facts = {said: _text(known[key]) for key, said in names.items() if known.get(key) not in (None, {}, "")}
    if result.copies:
        facts["copies"] = str(result.copies["count"])
    return facts_table(facts, "what was run")


def figures_table(result: Result) -> str:
    """Return the figures with their intervals and all values to compare them with."""
    found = result.compare().figures
    rows = filled([_row(each) for each in found[:_MOST_ROWS]])
    levels = sorted({each.measured.level for each in found} - {1.0})
    stated = (
        f"; in brackets the {' and '.join(f'{100 * level:.10g} %' for level in levels)} interval"
        if levels
        else ""
    )
    cut = f"; the first {_MOST_ROWS} of {len(found)}" if len(found) > _MOST_ROWS else ""
    return rows_table(rows, f"figures of merit{stated}{cut}")


def _row(found: FigureResult) -> dict[str, str]:
    measured = found.measured
    return {
        "figure": found.figure,
        "value": _said(measured),
        "shots": str(measured.n or ""),
        "mitigated": "" if found.mitigated is None else _said(found.mitigated),
        "ideal": number(found.ideal),
        "theory": number(found.theory),
        "predicted": number(found.predicted),
        "interval against prediction": found.against(),
        "bounds": bounds_text(found.bounds),
        "p-value": p_value_text(measured.p_value),
    }


def _said(estimate: Estimate) -> str:
    return f"{estimate.rounded()} {interval(estimate)}".strip()


def controls_table(result: Result) -> str:
    """Return the measured values of control experiments, by figure."""
    rows = [
        {**_row(control), "figure": f"{found.figure}, {name.replace('_', ' ')}"}
        for found in result.compare().figures
        for name, control in found.controls.items()
    ]
    return rows_table(
        filled(rows), "the same circuits without corrections, and direct transport by SWAPs, in the same run"
    )


def blocks_table(result: Result) -> str:
    """Return the value of each figure in each block of a run that repeats its circuits."""
    rows = [
        {"figure": name, **{f"block {k}": number(value) for k, value in enumerate(each["values"], 1)}}
        for name, each in list(result.blocks.items())[:_MOST_ROWS]
    ]
    most = max((len(row) for row in rows), default=0)
    return rows_table([row for row in rows if len(row) == most], "value of each figure in each block")


def resources_table(result: Result) -> str:
    """Return the largest resources of one shot, and the counts after compilation."""
    facts: dict[str, str] = {}
    for name, value in result.resources.items():
        said = name.replace("_", " ")
        if name in ("compiled", "controls"):
            parts = (
                {said: value}
                if name == "compiled"
                else {f"{said}, {key}": each for key, each in value.items()}
            )
            for part, each in parts.items():
                facts |= {
                    f"{part.replace('_', ' ')}: {key.replace('_', ' ')}": _text(count)
                    for key, count in each.items()
                }
        elif name != "processor_seconds":
            facts[_MESSAGES.get(name, said)] = _text(value)
    return facts_table(facts, "what one shot needs at most")


def noise_table(result: Result) -> str:
    """Return the description of noise of a simulated device."""
    noise = result.provenance.get("noise") or {}
    facts = {f"{name.replace('_', ' ')}{_UNITS.get(name, '')}": _text(value) for name, value in noise.items()}
    return facts_table(facts, "which noise was on")


def spent_table(result: Result, manifest: Manifest | None) -> str:
    """Return the duration of each step, and the processor time of the run, if any."""
    facts = {f"{step}, s": f"{seconds:.3g}" for step, seconds in result.seconds.items()}
    cost = {} if manifest is None else manifest.get("cost") or {}
    names = {
        "jobs": "jobs", "circuits": "circuits", "executions": "executions", "waste": "surplus executions",
        "seconds": "estimated seconds of a processor", "rep_delay": "seconds between two shots",
    }  # fmt: skip
    facts |= {said: _text(cost[key]) for key, said in names.items() if cost.get(key) is not None}
    charged = result.resources.get("processor_seconds")
    if charged is not None:
        facts["seconds of the processor that were charged"] = _text(charged)
    return facts_table(facts, "time and cost of the run")


def _text(value: Any) -> str:
    """Return a plain value as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        text = ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    elif isinstance(value, list):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = "" if value is None else str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
