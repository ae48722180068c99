"""The alt text of a plot, which describes it in words: stored on its axes, and saved with the plot."""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

#: The entry of a file's metadata that holds the words, by its kind.
_ENTRIES = {".png": "Description", ".svg": "Description", ".pdf": "Subject"}
_COLOUR_BAR = "<colorbar>"


def describe(ax: Axes, text: str) -> None:
    """Add a text that describes the axes to the text of earlier drawings on them."""
    earlier = ax.get_label()
    ax.set_label(f"{earlier} {text}" if earlier else text)


def alt_text(plot: Axes | Figure | SubFigure) -> str:
    """Return the alt text of a plot: a description in words for readers who cannot see it.

    Every plot function of the library writes this text. It is the label of the axes, so ``ax.set_label(text)`` replaces it.

    Args:
        plot: The axes that a plot function returned, or their figure.

    Returns:
        The text of the axes; of a figure, the texts of all its axes.

    Example:
        >>> import qnet_circuits as qn
        >>> qn.alt_text(qn.plot_network(qn.Network.two_nodes(qn.Link(fidelity=0.9))))
        'Network of 2 nodes and 1 link: alice and bob, F = 0.900.'
    """
    axes = plot.axes if isinstance(plot, Figure | SubFigure) else [plot]
    labels = [str(each.get_label()) for each in axes]
    return " ".join(label for label in labels if label not in ("", _COLOUR_BAR))


def save_plot(plot: Axes | Figure | SubFigure, path: str | os.PathLike[str]) -> None:
    """Save a plot with its alt text: in the metadata of a PNG, SVG or PDF file.

    Args:
        plot: The axes that a plot function returned, or their figure.
        path: The file, with an ending that Matplotlib knows, such as ``.png``. Files of other kinds than PNG, SVG and PDF get
            no alt text.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> import qnet_circuits as qn
        >>> ax = qn.plot_network(qn.Network.chain(3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     qn.save_plot(ax, pathlib.Path(folder) / "chain.png")
    """
    entry = _ENTRIES.get(Path(path).suffix.lower())
    metadata = None if entry is None else {entry: alt_text(_figure(plot))}
    _figure(plot).savefig(path, dpi=150, bbox_inches="tight", metadata=metadata)


def _figure(plot: Axes | Figure | SubFigure) -> Figure:
    figure = plot if isinstance(plot, Figure) else plot.figure
    while isinstance(figure, SubFigure):
        figure = figure.figure
    return figure
