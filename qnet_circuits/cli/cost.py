"""``qnet cost``: what a run would take of a processor, before it is paid for."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.options import json_option, takes_protocol
from qnet_circuits.cli.output import show


@click.command()
@takes_protocol(
    "estimate_cost",
    click.option("--on", "backend", required=True,
                 help="Where it would run: ibm:<processor>, or aer:<device or file> without an account."),
)  # fmt: skip
@click.option("--rep-delay", type=float, metavar="SECONDS",
              help="Time between two shots.  [default: the processor's own, or 0.00025]")  # fmt: skip
@click.option(
    "--remaining", type=float, metavar="SECONDS", help="What the instance has left, if that is known."
)
@json_option
def cost(
    protocol: Any, options: dict[str, Any], backend: str, as_json: bool, **about: float | None
) -> None:  # fmt: skip
    """Estimate what a run would cost on a processor.

    Nothing is submitted. NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.programs.protocol import called
    from qnet_circuits.runs.cost_estimate import estimate_cost

    found = estimate_cost(protocol, backend, **about, **options)
    if as_json:
        where = {
            "protocol": called(protocol),
            "parameters": protocol.parameters,
            "backend": backend,
        }
        show({"schema": 1, **where, "cost": found.to_dict()})
        return
    show(f"{protocol.id} on {backend}\n{found}")
