"""``qnet show``: the story of one shot, as text, as an animated page, and as a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qnet_circuits.cli.files import check_page, save_page, save_picture
from qnet_circuits.cli.options import json_option, plot_option, takes_protocol
from qnet_circuits.cli.output import show as show_


@click.command()
@takes_protocol(
    "tell",
    click.option(
        "--on",
        "backend",
        default="ideal",
        show_default=True,
        help="A simulator: ideal, aer, aer:<device or file>, stim, stim:<device or file>, auto:<device or file>.",
    ),
    click.option(
        "--shot", type=int, default=0, show_default=True, metavar="K", help="The number of the shot."
    ),
    click.option("--circuit", metavar="NAME", help="The circuit.  [default: the first]"),
    click.option("--withhold", is_flag=True, help="Withhold all messages."),
    click.option("--states", is_flag=True, help="Refuse a circuit that is too wide to compute states."),
    runs=True,
)
@click.option(
    "--html",
    type=click.Path(),
    metavar="FILE",
    callback=check_page,
    help="Save the story as an animated page.",
)
@plot_option
@json_option
def show(
    protocol: Any, options: dict[str, Any], html: str | None, plot: str | None, as_json: bool, **asked: Any
) -> None:
    """Tell the story of one shot, event by event.

    The story lists the events, the messages, and the bits that each node knows at each time. NAME is a protocol in `qnet
    list`, FILE.py:Class, or the directory of a simulated run.
    """
    from qnet_circuits.runs.telling import tell

    if isinstance(protocol, Path) and asked["backend"] == "ideal":
        del asked["backend"]
    story = tell(protocol, **asked, **options)
    if html is not None:
        save_page(story.to_html(), html)
    save_picture(story, plot)
    show_(story.to_dict() if as_json else str(story))
