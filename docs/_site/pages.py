"""The pages that follow from the code: protocols, names, the command line, plots.

They are written to ``docs/made`` before Sphinx looks for pages, and only if their text has changed.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import matplotlib
from gallery_page import page as gallery_page
from markup import toctree
from name_pages import name_pages
from protocol_pages import protocol_pages

import qnet_circuits as qn
from qnet_circuits.cli.main import qnet

MADE = Path(__file__).parents[1] / "made"


def setup(app):
    """Write the pages when a build begins."""
    app.connect("builder-inited", lambda app: write())
    app.connect("source-read", _lessons)
    return {"parallel_read_safe": True}


def write():
    """Write all pages, and remove those of earlier builds that are no more."""
    matplotlib.use("agg")
    _moving()
    texts = {
        **protocol_pages(MADE),
        **name_pages(),
        "command-line.md": _command_line(),
        "gallery.md": gallery_page(),
    }
    for old in [path for path in MADE.rglob("*.md") if str(path.relative_to(MADE)) not in texts]:
        old.unlink()
    for name, text in texts.items():
        path = MADE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _moving():
    """Write the animated page of a teleportation, which the home page shows."""
    story = qn.tell(qn.Teleportation(state="+"), "aer:fake_kingston", corrections="feedforward", seed=1)
    (MADE / "extra" / "teleportation.html").write_text(story.to_html())


def _lessons(app, docname, source):
    """Put all notebooks into the table of contents of their list, in its order."""
    if docname == "notebooks/README":
        folder = MADE.parents[1] / "notebooks"
        names = [
            *re.findall(r"\((\w+)\.ipynb\)", source[0]),
            *sorted(path.stem for path in folder.glob("*.ipynb")),
        ]
        source[0] += f"\n{toctree(dict.fromkeys(names), ':hidden:')}"


def _command_line():
    """Return the page of the command line: the help of ``qnet`` and of each command, as a terminal of 100 columns shows it."""
    parts = [
        "# Command line",
        "What programs may rely on is in the [contract](../contract.md#2-command-line).",
        _help(qnet, "qnet"),
    ]
    for name, command in sorted(qnet.commands.items()):
        parts += [f"## qnet {name}", _help(command, f"qnet {name}")]
    return "\n\n".join(parts)


def _help(command, name):
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    return f"```text\n{command.get_help(context)}\n```"
