"""Markdown that is written from the code."""

from __future__ import annotations


def autodoc(kind, name, *options):
    """Return a directive that documents an object from its docstring."""
    lines = [f".. {kind}:: {name}", *(f"   {option}" for option in options)]
    return "```{eval-rst}\n" + "\n".join(lines) + "\n```\n"


def toctree(names, *options):
    """Return a table of contents of these pages."""
    return (
        "```{toctree}\n" + "".join(f"{option}\n" for option in options) + "\n" + "\n".join(names) + "\n```\n"
    )
