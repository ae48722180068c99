"""The plot of a link benchmark: the chip, with each link in the colour of its fidelity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from qnet_circuits.backends.registry import stand_in_device
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.chip import Edge, Point, chip_places, cross_out, draw_qubits, draw_scale
from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, LINK_COLOUR, listed, span
from qnet_circuits.programs.figures import links_of
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.result import Result

_COLOURS = "viridis"
#: Links below this fidelity look different: their pairs are not proven entangled.
_ENTANGLED = 0.5


def plot_links(
    result: Result,
    ax: Axes | None = None,
    device: DeviceCalibration | None = None,
    placed: Result | Sequence[int] | None = None,
) -> Axes:
    """Draw a chip with each link in the colour of its Bell fidelity.

    A link whose interval reaches down to 1/2 is dashed, since no entanglement is proven there. In a benchmark of swapped pairs
    the link in the middle of each line has the line's colour. Links that are in the middle of no line are grey, and so are
    links of the device that were not measured. Qubits and couplings whose calibration failed are crossed out.

    Args:
        result: The result of a link benchmark.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.
        device: The calibration of the device. Default: that of the stand-in device on which the result was simulated. Without a
            calibration only measured links are drawn.
        placed: A run, or the qubits of a run in their order, whose place is drawn on the chip: black discs, and a black rim
            along the couplings between them.

    Returns:
        The axes.

    Raises:
        ParameterError: If the result has no figure of a link, or a placed qubit is not on the chip.

    Example:
        >>> import qnet_circuits as qn
        >>> links = qn.predict(qn.LinkBenchmark(edges=[(0, 1), (1, 2), (2, 3)]), "fake_manila")
        >>> ax = qn.plot_links(links, placed=[1, 2, 3])
        >>> qn.alt_text(ax).split("; ")[1:]
        ['1 coupling of the device not measured', 'no failed coupling', 'the run lies on qubits 1, 2 and 3.']
    """
    lines = links_of(result.figures)
    if not lines:
        raise ParameterError(f"{result.title} has no figures of links; give the result of a link-benchmark")
    middles = {_edge(line[len(line) // 2 - 1 :]): estimate for line, estimate in lines.items()}
    chip = device or _stand_in(result)
    edges = {_edge(pair) for line in lines for pair in pairwise(line)}
    whole = sorted(edges | ({_edge(tuple(sorted(pair))) for pair in chip.couplings} if chip else set()))
    places, failed = (
        chip_places(whole),
        {_edge(tuple(sorted(pair))) for pair in chip.failed_couplings} if chip else set(),
    )
    qubits = _qubits(placed, places)
    broken = chip.failed_qubits if chip else frozenset()
    pen = draw_qubits(ax, places, (6.2, 2.4), 1.1, faces=dict.fromkeys(qubits, INK), failed=broken)
    ax = pen.ax
    scale = _scale([estimate.value for estimate in middles.values() if estimate.low > _ENTANGLED])
    for a, b in whole:
        _draw_link(pen, (places[a], places[b]), middles.get((a, b)), scale)
    for edge in failed:
        cross_out(pen, *(sum(axis) / 2 for axis in zip(*(places[end] for end in edge), strict=True)))
    _draw_placed(pen, places, qubits, whole)
    draw_scale(ax, scale, _COLOURS, "Bell fidelity" if len(next(iter(lines))) == 2 else "swapped fidelity")
    _draw_legend(ax)
    ax.set_title(result.title, size=11, color=INK, wrap=True)
    describe(ax, _words(result.title, middles, (len(whole) - len(middles), len(failed)), qubits))
    return ax


def _stand_in(result: Result) -> DeviceCalibration | None:
    """Return the calibration of the stand-in device that a result was simulated on, if it was."""
    name = str(result.provenance.get("backend", "")).rpartition(":")[2]
    return stand_in_device(name) if name.startswith("fake_") else None


def _qubits(placed: Result | Sequence[int] | None, places: Mapping[int, Point]) -> list[int]:
    """Return the placed qubits, in order."""
    provenance: Mapping[str, Any] | None = getattr(placed, "provenance", None)
    given = placed if provenance is None else (provenance.get("layout") or [[]])[0]
    qubits = [int(qubit) for qubit in cast("Sequence[int]", given or ())]
    unknown = [qubit for qubit in qubits if qubit not in places]
    if unknown or (placed is not None and not qubits):
        known = listed([*map(str, places)])
        raise ParameterError(
            f"placed= takes a run on this chip, or its qubits, of {known}; got {unknown or placed!r}"
        )
    return qubits


def _words(
    title: str, middles: Mapping[Edge, Estimate], others: tuple[int, int], qubits: Sequence[int]
) -> str:
    """Return the alt text."""
    unmeasured, failed = others
    unproven = sum(estimate.low <= _ENTANGLED for estimate in middles.values())
    said = [
        f"{title}: chip with {len(middles)} links of fidelity {span(each.value for each in middles.values())}"
    ]
    said[0] += f", {unproven} of them without proven entanglement" if unproven else ""
    said += (
        [f"{unmeasured} coupling{'s' * (unmeasured > 1)} of the device not measured"] if unmeasured else []
    )
    said.append(f"{failed or 'no'} failed coupling{'s' * (failed > 1)}")
    said += [f"the run lies on qubits {listed([*map(str, qubits)], 20)}"] if qubits else []
    return "; ".join(said) + "."


def _draw_placed(
    pen: Pen, places: Mapping[int, Point], qubits: Sequence[int], couplings: Sequence[Edge]
) -> None:
    """Draw a rim along the couplings between neighbours in a run's order."""
    for pair in pairwise(qubits):
        if _edge(tuple(sorted(pair))) in couplings:
            xs, ys = zip(*(places[qubit] for qubit in pair), strict=True)
            pen.line(xs, ys, 0.42, color=INK, zorder=1.2, gid="placed")


def _draw_legend(ax: Axes) -> None:
    """Draw the legend below the chip."""
    drawn = {artist.get_gid(): artist for artist in ax.get_children()}
    handles: list[Artist] = []
    if "unproven" in drawn:
        handles.append(
            Line2D([], [], color=LINK_COLOUR, lw=4, ls=(0, (1, 0.7)), label="no entanglement proven")
        )
    if "failed" in drawn:
        handles.append(Line2D([], [], color=INK, ls="none", marker="x", mew=2, label="failed calibration"))
    if "unmeasured" in drawn:
        handles.append(Line2D([], [], color=FAINT, lw=1.5, label="not measured"))
    if "placed qubit" in drawn:
        handles.append(Line2D([], [], color=INK, ls="none", marker="o", ms=8, label="place of the run"))
    if handles:
        ax.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False, fontsize=FONT, handlelength=2.5,
            ncols=2,
        )  # fmt: skip


def _edge(line: tuple[int, ...]) -> Edge:
    """Return the link at the beginning of a line, the smaller qubit first."""
    a, b = sorted(line[:2])
    return a, b


def _scale(values: list[float]) -> Normalize:
    """Return a scale in steps of 0.05 around the values, from 1/2 at least."""
    low = max(_ENTANGLED, math.floor(20 * min(values, default=_ENTANGLED) + 1e-9) / 20)
    high = min(1.0, math.ceil(20 * max(values, default=1.0) - 1e-9) / 20)
    low = min(low, 0.95)
    return Normalize(low, max(high, low + 0.05), clip=True)


def _draw_link(pen: Pen, ends: tuple[Point, Point], estimate: Estimate | None, scale: Normalize) -> None:
    xs, ys = zip(*ends, strict=True)
    if estimate is None:
        pen.line(xs, ys, 0.06, color=FAINT, zorder=1, gid="unmeasured")
    elif estimate.low > _ENTANGLED:
        pen.line(xs, ys, 0.2, color=plt.get_cmap(_COLOURS)(scale(estimate.value)), gid="link")
    else:
        pen.line(xs, ys, 0.2, color=LINK_COLOUR, ls=(0, (0.5, 0.35)), dash_capstyle="butt", gid="unproven")
