"""A pen whose lines and texts grow and shrink with the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, Patch

from qnet_circuits.plotting.style import INK


@dataclass(frozen=True)
class Pen:
    """Draws on axes whose data unit is ``points`` points long. Widths of lines and sizes of texts are in data units.

    Whatever else a method is given is an argument of Matplotlib's.
    """

    ax: Axes
    points: float

    @classmethod
    def on(cls, ax: Axes, xs: tuple[float, float], ys: tuple[float, float]) -> Pen:
        """Return a pen for axes that show a drawing between these ends, at equal aspect and without frame and ticks."""
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.set_xlim(*xs)
        ax.set_ylim(*ys)
        box = ax.get_window_extent()
        inches = min(box.width / (xs[1] - xs[0]), box.height / abs(ys[1] - ys[0])) / ax.figure.dpi
        return cls(ax, max(72 * inches, 1e-3))

    def line(self, xs: Sequence[float], ys: Sequence[float], width: float = 0.027, **more: Any) -> None:
        """Draw a line through points."""
        usual = {"color": INK, "zorder": 2, "solid_capstyle": "butt", "solid_joinstyle": "round"}
        self.ax.plot(xs, ys, lw=width * self.points, scalex=False, scaley=False, **{**usual, **more})

    def text(self, x: float, y: float, text: str, size: float, **more: Any) -> None:
        """Write a text as it is, at middle height."""
        usual = {"color": INK, "ha": "center", "va": "center", "zorder": 5, "parse_math": False}
        self.ax.text(x, y, text, size=size * self.points, **{**usual, **more})

    def shape(self, patch: Patch, face: str, edge: str = INK, width: float = 0.025, **more: Any) -> None:
        """Draw a filled shape with an edge."""
        patch.set(**{"facecolor": face, "edgecolor": edge, "lw": width * self.points, "zorder": 3, **more})
        self.ax.add_patch(patch)

    def disc(self, x: float, y: float, radius: float, face: str = INK, edge: str = INK, **more: Any) -> None:
        """Draw a disc."""
        self.shape(Circle((x, y), radius), face, edge, **more)
