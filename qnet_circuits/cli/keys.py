"""``qnet keys``: keys that two hosts make and give to their applications."""

from __future__ import annotations

import click

from qnet_circuits.cli.output import aside
from qnet_circuits.cli.serving import serve


@click.group()
def keys() -> None:
    """Give the keys of a host to its applications."""


for command in (serve,):
    assert command.callback is not None
    command.callback = aside(command.callback)
    keys.add_command(command)
