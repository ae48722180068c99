"""The plot of a density matrix: a square for each entry, as large as the entry, in the colour of its phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from qiskit.quantum_info import DensityMatrix

from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, PAPER, SMALLEST, listed, new_axes
from qnet_circuits.programs.density import density_matrix

#: Colours that come back to where they began, for phases.
_COLOURS = "twilight"
#: Entries below this are not drawn, and numbers stand at larger ones where the matrix is small.
_NOTHING, _NUMBERED, _SMALL = 5e-4, 0.02, 4
#: In squares with longer sides the number stands inside.
_ROOMY = 0.5
#: So many entries are read out.
_READ = 8
_TURNS = {-np.pi: "-π", -np.pi / 2: "-π/2", 0.0: "0", np.pi / 2: "π/2", np.pi: "π"}


def plot_density_matrix(state: Any, ax: Axes | None = None) -> Axes:
    """Draw a density matrix: the area of a square is the size of an entry, its colour the phase.

    Args:
        state: A result of state tomography, or any input of Qiskit's ``DensityMatrix``.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes. Rows and columns are named by the values of the qubits, beginning with the tomography's first qubit.

    Raises:
        ParameterError: If the result does not have the Pauli means of a state.

    Example:
        >>> import qnet_circuits as qn
        >>> axes = plot_density_matrix(qn.predict(qn.StateTomography(link_fidelity=0.9)))
        >>> [label.get_text() for label in axes.get_xticklabels()]
        ['00', '01', '10', '11']
    """
    made = (
        density_matrix(state)
        if isinstance(getattr(state, "figures", None), Mapping)
        else DensityMatrix(state)
    )
    # Qiskit counts qubits from the last, and names are read from the first.
    entries = made.reverse_qargs().data
    size = len(entries)
    ax = new_axes(ax, (1.6 + 0.75 * size, 0.9 + 0.7 * size))
    scale = ScalarMappable(Normalize(-np.pi, np.pi), plt.get_cmap(_COLOURS))
    for row, column in product(range(size), repeat=2):
        _draw_entry(ax, (column, row), complex(entries[row, column]), scale, size)
    names = [f"{k:0{made.num_qubits}b}" for k in range(size)]
    ax.set(
        xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal", xticks=range(size), yticks=range(size),
        xticklabels=names, yticklabels=names,
    )  # fmt: skip
    ax.tick_params(labelsize=FONT, length=0)
    bar = ax.figure.colorbar(scale, ax=ax, ticks=list(_TURNS), shrink=0.8)
    bar.set_ticklabels(list(_TURNS.values()), fontsize=FONT)
    bar.set_label("phase", fontsize=FONT)
    describe(ax, _words(entries, names))
    return ax


def _words(entries: np.ndarray, names: Sequence[str]) -> str:
    """Return the alt text: the largest entries."""
    places = sorted(np.ndindex(*entries.shape), key=lambda place: -abs(entries[place]))[:_READ]
    said = [
        f"{abs(entries[row, column]):.2f} at {names[row]}, {names[column]}"
        for row, column in places
        if abs(entries[row, column]) >= _NUMBERED
    ]
    return f"Density matrix of {len(names[0])} qubits; its largest entries are {listed(said, _READ)}."


def _draw_entry(ax: Axes, place: tuple[int, int], entry: complex, scale: ScalarMappable, size: int) -> None:
    x, y = place
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=FAINT, linewidth=0.4))
    if abs(entry) < _NOTHING:
        return
    side = min(abs(entry), 1.0) ** 0.5
    colour = scale.to_rgba(np.array([np.angle(entry)]))[0]
    ax.add_patch(
        Rectangle(
            (x - side / 2, y - side / 2),
            side,
            side,
            facecolor=colour,
            edgecolor=INK,
            gid=f"entry {y} {x}",
            linewidth=0.5,
        )
    )
    if size <= _SMALL and abs(entry) >= _NUMBERED:
        inside = side > _ROOMY
        dark = inside and float(np.mean(colour[:3])) < 0.5
        ax.text(
            x, y if inside else y + 0.46, f"{abs(entry):.2f}", ha="center", va="center" if inside else "bottom",
            fontsize=SMALLEST, color=PAPER if dark else INK,
        )  # fmt: skip
