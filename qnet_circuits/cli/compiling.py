"""``qnet compile``: the circuits that a protocol becomes, for other tools."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.options import json_option, takes_protocol
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

    Nothing is run. NAME is one that `qnet list` names, or FILE.py:Class.
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
