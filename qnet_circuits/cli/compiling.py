"""``qnet compile`` and ``layouts``: the compiled circuits of a protocol, for other tools, and a comparison of placements."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from qnet_circuits.cli.options import json_option, memory_option, takes_protocol
from qnet_circuits.cli.output import show


@click.command("compile")
@takes_protocol(
    "compile",
    click.option("--on", "backend", default="ideal", show_default=True, help="As for qnet run."),
)
@click.option(
    "--export",
    type=click.Path(),
    metavar="PATH",
    help="Write the circuits: FILE.qpy, or a new directory of OpenQASM 3 files.",
)
@json_option
def compile_(protocol: Any, options: dict[str, Any], backend: str, export: str | None, as_json: bool) -> None:
    """Compile a protocol's circuits, and write them for other tools.

    Nothing is run. NAME is a protocol in `qnet list`, or FILE.py:Class.
    """
    from qnet_circuits.programs.protocol import called
    from qnet_circuits.runs.verbs import compile

    compiled = compile(protocol, backend, **options)
    files = [] if export is None else compiled.export(export)
    plain = {
        "schema": 1, "protocol": called(protocol), "parameters": protocol.parameters, "backend": backend,
        "corrections": compiled.corrections, "circuits": [item.name for item in compiled],
        "resources": compiled.resources, "layout": compiled.layout, "notes": list(compiled.notes),
        "files": [str(file) for file in files],
    }  # fmt: skip
    counts = {"circuits": len(compiled.items), **compiled.resources["compiled"]}
    lines = [f"{protocol.id} on {backend}", f"corrections {compiled.corrections}"]
    lines.append("  ".join(f"{key.replace('_', ' ')} {value}" for key, value in counts.items()))
    lines += [f"layout {', '.join(map(str, qubits))}" for qubits in compiled.layout or ()]
    lines += [f"wrote {file}" for file in files] + [f"note: {note}" for note in compiled.notes]
    show(plain if as_json else "\n".join(lines))


@click.command()
@takes_protocol(
    "compare_layouts",
    click.option(
        "--on", "device", metavar="DEVICE", help="A stand-in device, or the file of a snapshot; required."
    ),
    click.option("--figure", help="Name of the figure.  [default: fidelity, or the first]"),
    click.option("--seeds", default=1, show_default=True, help="Number of seeds for level 3."),
)
@memory_option
@json_option
def layouts(protocol: Any, options: dict[str, Any], device: str | None, as_json: bool, **more: Any) -> None:
    """Predict a figure on our placement and on Qiskit's.

    Each row is a placement: its origin, the largest number of SWAPs in a circuit, the exact value, and the qubits. NAME is a
    protocol in `qnet list`, or FILE.py:Class.
    """
    from qnet_circuits.programs.protocol import called
    from qnet_circuits.runs.comparing_layouts import compare_layouts
    from qnet_circuits.runs.results.tables import number, table

    rows = compare_layouts(protocol, device, **more, **options)
    plain = {
        "schema": 1, "protocol": called(protocol), "parameters": protocol.parameters, "backend": f"exact:{device}",
        "placements": [asdict(row) for row in rows],
    }  # fmt: skip
    lines = (
        {
            "chosen by": row.source,
            "SWAPs": str(row.swaps),
            "value": number(row.value),
            "qubits": _qubits(row.layout),
        }
        for row in rows
    )
    show(plain if as_json else f"{protocol.id} on exact:{device}\n{table(list(lines))}")


def _qubits(layout: list[list[int]]) -> str:
    return "; ".join(", ".join(map(str, qubits)) for qubits in layout)
