"""``qnet budget``: what each source of noise costs a figure."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.options import (
    check_picture,
    compiling_options,
    json_option,
    layout_of,
    memory_of,
    memory_option,
    name_argument,
    noise_of,
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
@compiling_options
@click.option("--emulate-links", is_flag=True, help="Let the links' own noise act in software.")
@memory_option
@json_option
@plot_option
def budget(
    name: str, settings: tuple[str, ...], device: str | None, figure: str | None, layout: str | None,
    noise: tuple[str, ...], memory_gib: float, seed: int | None, as_json: bool, plot: str | None, **options: Any,
) -> None:  # fmt: skip
    """Compute what each source of noise costs a figure.

    Sources are gates, readout, waiting, latency and links. NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.runs.error_budget import error_budget

    protocol = protocol_of(name, settings)
    check_picture(plot)
    computed = error_budget(
        protocol, device, figure=figure, noise=noise_of(noise), memory=memory_of(memory_gib),
        layout=layout_of(layout), seed=0 if seed is None else seed, **options,
    )  # fmt: skip
    save_picture(computed, plot)
    show(computed.to_dict() if as_json else str(computed))
