"""What a picture shows, and whether it can be read."""

import itertools

from matplotlib.patches import Rectangle


def texts(ax):
    return [text.get_text() for text in ax.texts]


def with_gid(ax, gid):
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


def check_legible(ax):
    """Check that no two texts overlap, that all lie within the figure, and that those in boxes fit their box."""
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    extents = [(text.get_text(), text.get_window_extent()) for text in ax.texts if text.get_text()]
    for (one, a), (other, b) in itertools.combinations(extents, 2):
        assert not a.padded(-1).overlaps(b.padded(-1)), f"{one!r} overlaps {other!r}"
    boxes = [
        patch.get_window_extent()
        for patch in ax.patches
        if type(patch) is Rectangle and patch.get_zorder() > 2
    ]
    for one, a in itertools.combinations(boxes, 2):
        assert not one.padded(-1).overlaps(a.padded(-1))
    for text, extent in extents:
        assert page.x0 <= extent.x0, text
        assert page.x1 >= extent.x1, text
        assert page.y0 <= extent.y0, text
        assert page.y1 >= extent.y1, text
        for box in boxes:
            if box.overlaps(extent):
                assert box.x0 <= extent.x0, f"{text!r} is wider than its box"
                assert box.x1 >= extent.x1, f"{text!r} is wider than its box"
                assert box.y0 <= extent.y0, f"{text!r} is higher than its box"
                assert box.y1 >= extent.y1, f"{text!r} is higher than its box"
