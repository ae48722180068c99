"""An error budget: the cost of each source of noise to a figure, as a table for people and for programs."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from qnet_circuits.errors import ParameterError
from qnet_circuits.runs.results.result import SCHEMA
from qnet_circuits.runs.results.tables import csv_text, page
from qnet_circuits.version import VERSION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: An ideal value closer to 0 than this is 0.
_ROUNDING = 1e-9
_HEADER = ("source", "cost alone", "gain without")


@dataclass(frozen=True)
class Cost:
    """The cost of one source of noise to a figure.

    Args:
        source: The name of the source: ``gates``, ``readout``, ``waiting``, ``latency``, ``decisions``, ``links``, or a
            declared term.
        alone: The cost if it is the only source; finite, in the figure's unit.
        without: The gain if only this source were removed from the machine; finite, in the figure's unit.

    Raises:
        ParameterError: If a number is not finite.

    Example:
        >>> Cost("gates", 0.02, 0.015).alone
        0.02
    """

    source: str
    alone: float
    without: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.alone) and math.isfinite(self.without)):
            raise ParameterError(
                f"the costs of {self.source} must be finite, got {self.alone}, {self.without}"
            )


@dataclass(frozen=True)
class Budget:
    """An error budget: the steps from a figure's ideal value to its predicted value on a device. Made by ``error_budget``.

    A cost is a step from the ideal value towards 0, sign(ideal) · (ideal - value). A positive cost is a loss, a negative cost
    is a gain. If the ideal value is 0, as for an error rate, a cost is a step from 0 towards the predicted value. By
    definition the costs alone and the interaction sum to the whole cost. The interaction is negative if the sources multiply a
    fidelity by factors, since each factor then acts on a fidelity that the others have already reduced.

    Args:
        protocol: Name of the protocol.
        device: Name of the device.
        corrections: The compiled correction mode.
        figure: Name of the figure.
        ideal: The figure's value with every source off.
        value: The figure's value with every source on, equal to that of ``predict``.
        rows: The cost of each source that is on.
        parameters: The protocol's fields, in plain form.
        noise: The description of the device's noise, in plain form.
        layout: The physical qubits of each placement, in program order.
        notes: Notes for the reader.

    Example:
        >>> rows = (Cost("gates", 0.06, 0.05), Cost("readout", 0.05, 0.04))
        >>> budget = Budget("teleportation", "fake_kingston", "frame", "fidelity", 1.0, 0.9, rows)
        >>> round(budget.cost, 12), round(budget.interaction, 12)
        (0.1, -0.01)
    """

    protocol: str
    device: str
    corrections: str
    figure: str
    ideal: float
    value: float
    rows: tuple[Cost, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    noise: dict[str, Any] = field(default_factory=dict)
    layout: list[list[int]] | None = None
    notes: tuple[str, ...] = ()

    def __getitem__(self, source: str) -> Cost:
        for row in self.rows:
            if row.source == source:
                return row
        raise KeyError(
            f"there is no source {source!r}; there are {', '.join(row.source for row in self.rows)}"
        )

    @property
    def sign(self) -> int:
        """1 if a lower value is a loss, -1 if a higher value is."""
        from_zero = abs(self.ideal) < _ROUNDING
        return 1 if (self.value < self.ideal if from_zero else self.ideal > 0) else -1

    @property
    def cost(self) -> float:
        """The whole cost."""
        return self.sign * (self.ideal - self.value)

    @property
    def interaction(self) -> float:
        """The whole cost less the sum of the costs alone."""
        return self.cost - sum(row.alone for row in self.rows)

    @property
    def title(self) -> str:
        """Figure, protocol, device and corrections, in one line."""
        return f"{self.figure} of {self.protocol} on {self.device}, corrections: {self.corrections}"

    def table(self) -> list[tuple[str, str, str]]:
        """Return the table as text: a row for each source, then the interaction and the whole cost."""
        rows = [(row.source, _signed(row.alone), _signed(row.without)) for row in self.rows]
        return [*rows, ("interaction", _signed(self.interaction), ""), ("total", _signed(self.cost), "")]

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``qnet budget --json`` prints, in plain values."""
        return {
            "schema": SCHEMA, "version": VERSION, "protocol": self.protocol, "parameters": self.parameters,
            "backend": f"exact:{self.device}", "corrections": self.corrections, "noise": self.noise,
            "layout": self.layout, "figure": self.figure, "ideal": self.ideal, "value": self.value,
            "rows": [asdict(row) for row in self.rows], "interaction": self.interaction, "notes": list(self.notes),
        }  # fmt: skip

    def to_csv(self) -> str:
        """Return the table as CSV: source, alone, without; the interaction and the total come last."""
        rows = [(row.source, row.alone, row.without) for row in self.rows]
        ends = [("interaction", self.interaction, ""), ("total", self.cost, "")]
        return csv_text([("source", "alone", "without"), *rows, *ends])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Plot the effect of each source on the figure, alone and among all others. Return the Matplotlib axes."""
        from qnet_circuits.plotting.budget import plot_budget

        return plot_budget(self, ax)

    def __str__(self) -> str:
        lines = [_HEADER, *self.table()]
        first, second, third = (max(len(line[k]) for line in lines) for k in range(3))
        aligned = [f"{a.ljust(first)}  {b.rjust(second)}  {c.rjust(third)}".rstrip() for a, b, c in lines]
        return "\n".join([self.title, self._ends(), *aligned, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        rows = [dict(zip(_HEADER, line, strict=True)) for line in self.table()]
        return page(self.title, rows, self.notes, above=f"<br>{self._ends()}")

    def _ends(self) -> str:
        return f"ideal {self.ideal:z.5f}, predicted {self.value:z.5f}"


def _signed(value: float) -> str:
    """Return a cost as text. A cost that rounds to zero has no sign."""
    return f"{value:+.5f}" if abs(value) >= 5e-6 else "0.00000"
