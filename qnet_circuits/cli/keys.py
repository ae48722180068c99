"""``qnet keys``: keys that two hosts make and give to their applications."""

from __future__ import annotations

import click

from qnet_circuits.cli.output import aside
from qnet_circuits.cli.serving import serve
from qnet_circuits.cli.sessions import alice, bob, init, record


@click.group()
def keys() -> None:
    """Make keys with another host, and give them to applications."""


for command in (init, record, alice, bob, serve):
    assert command.callback is not None
    command.callback = aside(command.callback)
    keys.add_command(command)
