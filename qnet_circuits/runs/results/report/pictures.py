"""Plots inside a page: vector graphics with an alt text, whose names differ from those of other plots."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable
from typing import Any

from qnet_circuits.errors import QnetError

#: A plot that takes more bytes than this as vectors is put into the page as pixels, and left out if these take more.
_MOST_BYTES = 250_000
_DPI = 80
#: Numbers finer than a hundredth of a point, which nobody sees.
_LONG = re.compile(r"\d+\.\d{3,}")
#: Attributes by which parts of a drawing are named, and by which they refer to each other. Names that nothing refers to go.
_REFERENCES = re.compile(r'(?:url\(|href=")#([^)"]*)')
_NAMES = re.compile(r'(\bid="|url\(#|href="#)')


def picture(draw: Callable[[], Any], name: str, caption: str, words: str = "") -> str:
    """Return a plot as an element of a page; an empty text if it cannot be drawn.

    Args:
        draw: Draws the plot and returns its axes.
        name: A unique name on the page, an identifier.
        caption: The caption below the plot.
        words: A description of the plot, if it has no alt text. Default: the caption.
    """
    import matplotlib.pyplot as plt

    from qnet_circuits.plotting.saving import alt_text

    try:
        ax = draw()
    except QnetError:
        return ""
    try:
        words = alt_text(ax.figure) or words or caption
        drawn = _vectors(ax.figure, name, words)
        if len(drawn) > _MOST_BYTES:
            drawn = _pixels(ax.figure, words)
    finally:
        plt.close(ax.figure)
    return (
        f"<figure>{drawn}<figcaption>{html.escape(caption)}</figcaption></figure>"
        if len(drawn) <= _MOST_BYTES
        else ""
    )


def _pixels(figure: Any, words: str) -> str:
    """Return a Matplotlib figure as an image element."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI, bbox_inches="tight")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{html.escape(words)}" src="data:image/png;base64,{data}">'


def _vectors(figure: Any, name: str, words: str) -> str:
    """Return a Matplotlib figure as an SVG element."""
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", lambda tag: _LONG.sub(lambda found: f"{float(found[0]):.2f}", tag[0]), text)
    used = set(_REFERENCES.findall(text))
    text = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", text)
    text = _NAMES.sub(rf"\g<1>{name}-", text)
    width = re.search(r'width="([\d.]+)pt"', text)
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    size = f"width:{float(width[1]) * 96 / 72:.0f}px" if width else ""
    label = html.escape(words)
    return text.replace("<svg", f'<svg role="img" aria-label="{label}" style="{size}"', 1).strip()
