"""``qnet budget``: what each source of noise costs a figure."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.options import (
    asked,
    check_picture,
    json_option,
    memory_of,
    memory_option,
    name_argument,
    options_of,
    plot_option,
    protocol_of,
    save_picture,
    set_option,
)
from qnet_circuits.cli.output import show


@click.command()
@name_argument
@set_option
@click.option("--on", "device", metavar="DEVICE", help="A stand-in device, or a snapshot's file; needed.")
@click.option("--figure", help="Name of the figure.  [default: fidelity, or the first]")
@options_of("error_budget")
@memory_option
@json_option
@plot_option
def budget(
    name: str, settings: tuple[str, ...], device: str | None, figure: str | None,
    memory_gib: float, as_json: bool, plot: str | None, **options: Any,
) -> None:  # fmt: skip
    """Compute what each source of noise costs a figure.

    Sources are gates, readout, waiting, latency and links. NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.runs.error_budget import error_budget

    protocol = protocol_of(name, settings)
    check_picture(plot)
    computed = error_budget(
        protocol, device, figure=figure, memory=memory_of(memory_gib), **asked(options),
    )  # fmt: skip
    save_picture(computed, plot)
    show(computed.to_dict() if as_json else str(computed))
