"""``qnet budget``: what each source of noise costs a figure."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.files import save_picture
from qnet_circuits.cli.options import json_option, memory_option, plot_option, takes_protocol
from qnet_circuits.cli.output import show


@click.command()
@takes_protocol(
    "error_budget",
    click.option("--on", "device", metavar="DEVICE", help="A stand-in device, or a snapshot's file; needed."),
    click.option("--figure", help="Name of the figure.  [default: fidelity, or the first]"),
)
@memory_option
@json_option
@plot_option
def budget(
    protocol: Any, options: dict[str, Any], device: str | None, figure: str | None,
    memory: float, as_json: bool, plot: str | None,
) -> None:  # fmt: skip
    """Compute what each source of noise costs a figure.

    Sources are gates, readout, waiting, latency and links. NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.runs.error_budget import error_budget

    computed = error_budget(protocol, device, figure=figure, memory=memory, **options)
    save_picture(computed, plot)
    show(computed.to_dict() if as_json else str(computed))
