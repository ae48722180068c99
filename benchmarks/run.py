"""Measure all benchmarks and print one table; exit with 1 if a bar is missed.

python -m benchmarks.run [--only frame,key,...] [--repeats N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    against_dqc,
    against_sequence,
    copies,
    declared_terms,
    exact_chain,
    feedforward_chain,
    frame_chain,
    key_distillation,
    overhead,
    placement,
    placing,
    pulses,
    repeated_runs,
    schedules,
    stim_chain,
    sweep,
)
from benchmarks.measuring import Row

BENCHMARKS: dict[str, Callable[[int], list[Row]]] = {
    "frame": frame_chain.rows,
    "feedforward": feedforward_chain.rows,
    "exact": exact_chain.rows,
    "terms": declared_terms.rows,
    "overhead": overhead.rows,
    "repeated": repeated_runs.rows,
    "key": key_distillation.rows,
    "pulses": pulses.rows,
    "schedules": schedules.rows,
    "stim": stim_chain.rows,
    "sweep": sweep.rows,
    "copies": copies.rows,
    "sequence": against_sequence.rows,
    "placing": placing.rows,
    "placement": placement.rows,
    "placement-all": placement.all_rows,
    "dqc": against_dqc.rows,
    "dqc-all": against_dqc.all_rows,
}
#: What takes many minutes is measured if it is named, and only then.
SLOW = {"placement-all", "dqc-all"}
PACKAGES = ("qnet-circuits", "qiskit", "qiskit-aer", "numpy", "cotengra", "stim")


def line_of(row: Row) -> str:
    bar = "" if row.bar is None else f"{'>=' if row.unit == 'x' else '<='} {row.bar:g}"
    verdict = {None: "", True: "pass", False: "MISSED"}[row.passed]
    value = "-" if row.value is None else f"{row.value:.3g}"
    return f"{row.name:<66}{value:>9} {row.unit:<7}{bar:<7} {verdict:<7}{row.detail}"


def circumstances() -> dict[str, object]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    versions = {name: version(name) for name in PACKAGES}
    return {
        "python": platform.python_version(), "versions": versions, "system": platform.platform(), "processor": _processor(),
        "cores": os.cpu_count(), "load": load,
    }  # fmt: skip


def _processor() -> str:
    """Return what the processor is called, as far as the system tells."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Benchmarks of qnet-circuits: ratios in one run, and bars.")
    parser.add_argument("--only", help=f"some of {', '.join(BENCHMARKS)}, separated by commas")
    parser.add_argument("--repeats", type=int, default=3, help="rounds of each measurement; the best counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to a file too")
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else [name for name in BENCHMARKS if name not in SLOW]
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    before, rows = circumstances(), []
    for name in names:
        for row in BENCHMARKS[name](options.repeats):
            rows.append(row)
            print(line_of(row), flush=True)
    print(
        f"\n{before['cores']} cores of {before['processor']}, load {before['load']}, Python {before['python']}, "
        f"{before['versions']}"
    )
    if options.json is not None:
        plain = [{**asdict(row), "passed": row.passed} for row in rows]
        options.json.write_text(json.dumps({**before, "rows": plain}, indent=1) + "\n")
    return int(any(row.passed is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
