"""A budget: what each source of noise costs a figure, as a table for people and for programs."""

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
    """What one source costs a figure.

    Args:
        source: Its name: ``gates``, ``readout``, ``waiting``, ``latency``, ``decisions``, ``links``, or a
            declared term.
        alone: What it costs where it is the only source; finite, in the figure's unit.
        without: What would be gained by taking it alone from the machine as it is; finite, in the figure's unit.

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
    """Where a figure goes between its ideal value and the one predicted for a device. Made by ``error_budget``.

    A cost is a step from the ideal value towards 0, sign(ideal) · (ideal - value): positive costs, negative helps. Where the
    ideal value is 0, as an error rate's, it is a step from 0 towards the predicted value. What the sources cost alone and the
    interaction sum to the whole cost by definition. Factors of a fidelity, which spoil in part what is spoilt already, leave a
    negative interaction.

    Args:
        protocol: Name of the protocol.
        device: Name of the device.
        corrections: The correction mode that was compiled.
        figure: Name of the figure.
        ideal: Its value with every source off.
        value: Its value with every source on, the one that ``predict`` gives.
        rows: The cost of each source that is on.
        parameters: The protocol's fields, in plain form.
        noise: The description of the device's noise, in plain form.
        layout: The physical qubits of each placement, in program order.
        notes: What a reader must know.

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
        """1 where lower values cost, -1 where higher ones do."""
        from_zero = abs(self.ideal) < _ROUNDING
        return 1 if (self.value < self.ideal if from_zero else self.ideal > 0) else -1

    @property
    def cost(self) -> float:
        """The whole cost."""
        return self.sign * (self.ideal - self.value)

    @property
    def interaction(self) -> float:
        """The whole cost less what the sources cost alone."""
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
        """Return the object that ``qnet budget --json`` prints: only plain values."""
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
        """Draw what each source does to the figure, alone and among all others; return the Matplotlib axes."""
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
    """Return a cost as text; what rounds to nothing has no sign."""
    return f"{value:+.5f}" if abs(value) >= 5e-6 else "0.00000"
