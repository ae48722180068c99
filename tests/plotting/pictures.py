"""What a picture shows, and whether it can be read."""

from unittest.mock import patch

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.text import Text

import qnet_circuits as qn

#: Text below this many points is too small, and a picture wider than this many inches too wide for a page.
SMALLEST, WIDEST = 7.0, 14.0


def texts(ax):
    return [text.get_text() for text in ax.texts]


def with_gid(ax, gid):
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


def drawn_texts(figure):
    """Return (text, extent, points) of everything that can be read in a figure: ticks, legends and titles too."""
    drawn, draw = {}, Text.draw

    def drawing(text, renderer):
        if text.get_visible() and text.get_text().strip():
            drawn[id(text)] = text
        draw(text, renderer)

    with patch.object(Text, "draw", drawing):
        figure.canvas.draw()
    return [(text.get_text(), text.get_window_extent(), text.get_fontsize()) for text in drawn.values()]


def overlapping(extents):
    """Return the pairs of boxes that overlap by more than a pixel on each side."""
    low = np.array([[box.x0 + 1, box.y0 + 1] for box in extents]).reshape(-1, 2)
    high = np.array([[box.x1 - 1, box.y1 - 1] for box in extents]).reshape(-1, 2)
    both = ((low[:, None] <= high[None]) & (high[:, None] >= low[None])).all(axis=2)
    return [(int(k), int(other)) for k, other in np.argwhere(np.triu(both, 1))]


def check_legible(ax, widest=WIDEST, smallest=SMALLEST):
    """Check that no two texts overlap, none is cut or small, those in boxes fit their box, and words tell what is drawn."""
    figure, found = ax.figure, drawn_texts(ax.figure)
    for k, other in overlapping([extent for _, extent, _ in found]):
        raise AssertionError(f"{found[k][0]!r} overlaps {found[other][0]!r}")
    page = figure.bbox.padded(0.5)
    for text, extent, points in found:
        assert points >= smallest - 1e-6, f"{text!r} has {points:.2f} points"
        inside = (
            page.x0 <= extent.x0 and extent.x1 <= page.x1 and page.y0 <= extent.y0 and extent.y1 <= page.y1
        )
        assert inside, f"{text!r} is cut: {extent} in {page}"
    assert figure.get_figwidth() <= widest
    assert qn.alt_text(ax).endswith("."), "there is no alt text"
    _check_boxes(ax, [(text.get_text(), text.get_window_extent()) for text in ax.texts if text.get_text()])


def _check_boxes(ax, extents):
    boxes = [
        patch.get_window_extent()
        for patch in ax.patches
        if type(patch) is Rectangle and patch.get_zorder() > 2
    ]
    assert overlapping(boxes) == []
    for text, extent in extents:
        for box in boxes:
            if box.overlaps(extent):
                assert box.x0 <= extent.x0, f"{text!r} is wider than its box"
                assert box.x1 >= extent.x1, f"{text!r} is wider than its box"
                assert box.y0 <= extent.y0, f"{text!r} is higher than its box"
                assert box.y1 >= extent.y1, f"{text!r} is higher than its box"
