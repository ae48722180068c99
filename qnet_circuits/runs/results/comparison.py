"""Measured figures beside their controls, prediction, ideal, theory and bounds."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qnet_circuits.programs.controls import CONTROLS, control_name
from qnet_circuits.runs.results.tables import bounds_text, filled, interval, number, page, table
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INSIDE, ABOVE, BELOW = "inside", "above", "below"
#: The arm of an interval may be this many times as long as the standard error makes it, before more than that is behind it.
_MUCH = 1.5
#: What a row says of a control experiment, beside its value.
_OF_CONTROLS = ("mitigated", "predicted", "against prediction")


@dataclass(frozen=True)
class FigureResult:
    """The measured value of one figure, with all values to compare it with.

    Args:
        measured: The estimate.
        predicted: The exact value for the noise of the stored calibration, if computed.
        ideal: The value on a noiseless machine, if known.
        theory: The value by a closed formula for the noise of the run, if there is one.
        mitigated: The estimate after mitigation of readout errors, if there is one. The prediction does not apply to it.
        bounds: The values that the figure must beat, {name: value}.
        figure: The name of the figure.
        controls: The measured and expected values of the figure in each control experiment, by its name.
        range: The lowest and the highest possible value of the figure, if known.

    Example:
        >>> found = FigureResult(Estimate(0.90, 0.88, 0.92, 0.95, "Clopper-Pearson", 1000), predicted=0.95)
        >>> found.position, round(found.difference, 3), round(found.deviations, 1)
        ('below', -0.05, -4.9)
    """

    measured: Estimate
    predicted: float | None = None
    ideal: float | None = None
    theory: float | None = None
    mitigated: Estimate | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)
    figure: str = ""
    controls: Mapping[str, FigureResult] = field(default_factory=dict)
    range: tuple[float, float] | None = None

    @property
    def difference(self) -> float | None:
        """The measured value less the predicted one."""
        return None if self.predicted is None else self.measured.value - self.predicted

    @property
    def position(self) -> str | None:
        """``inside`` if the measured interval contains the prediction, otherwise ``above`` or ``below``."""
        if self.predicted is None:
            return None
        if self.measured.low - 1e-9 <= self.predicted <= self.measured.high + 1e-9:
            return INSIDE
        return ABOVE if self.measured.low > self.predicted else BELOW

    @property
    def deviations(self) -> float | None:
        """The difference in standard deviations of the measured value; None if it has none.

        One standard deviation is the standard error. In three cases it is the interval's arm on the prediction's side, divided
        by the normal quantile of the level: if the interval is lopsided, if it is much longer than the standard error implies
        (few rare outcomes or few blocks), or if no standard error was stored.
        """
        from scipy.special import ndtri

        difference, measured = self.difference, self.measured
        if difference is None or measured.level == 1:
            return None
        arm = measured.value - measured.low if difference > 0 else measured.high - measured.value
        of_arm = arm / float(ndtri((1 + measured.level) / 2))
        error = measured.standard_error or 0.0
        normal = not measured.lopsided and of_arm <= _MUCH * error
        deviation = error if normal else max(error, of_arm)
        return difference / deviation if deviation > 1e-12 else None

    def against(self) -> str:
        """Return the position of the measured value relative to the prediction, in words."""
        if self.position is None or self.difference is None:
            return ""
        deviations = "" if self.deviations is None else f" ({self.deviations:+.1f} sd)"
        away = "" if self.position == INSIDE else f" by {abs(self.difference):.4f}"
        return f"{self.position}{away}{deviations}"

    def cells(self) -> dict[str, str]:
        """Return it as text, without controls."""
        return {
            "figure": self.figure,
            "value": _with_interval(self.measured),
            "mitigated": _with_interval(self.mitigated),
            "predicted": number(self.predicted),
            "against prediction": self.against(),
            "ideal": number(self.ideal),
            "theory": number(self.theory),
            "bounds": bounds_text(self.bounds),
        }

    def row(self) -> dict[str, str]:
        """Return the row of the table, as text."""
        row = self.cells()
        after = {key: row.pop(key) for key in ("ideal", "theory", "bounds")}
        for control in CONTROLS:
            cells = self.controls[control].cells() if control in self.controls else {}
            name = control.replace("_", " ")
            row[name] = cells.get("value", "")
            row.update({f"{name}, {key}": cells.get(key, "") for key in _OF_CONTROLS})
        return {**row, **after}

    def lines(self) -> list[dict[str, str]]:
        """Return the row as several lines, which fit into a terminal."""
        first = "exact" if self.measured.level == 1 else "measured"
        lines = []
        for name, found in {first: self, **self.controls}.items():
            lines.append((name, replace(found, mitigated=None)))
            if found.mitigated is not None:
                # The prediction is of unmitigated figures.
                also = "mitigated" if found is self else f"{name}, mitigated"
                lines.append((also, FigureResult(found.mitigated, ideal=found.ideal)))
        return [
            {"figure": found.figure, "": name.replace("_", " "), **found.cells()} for name, found in lines
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, without name and bounds. Unknown values are left out."""
        plain = {
            "measured": self.measured.to_dict(),
            "mitigated": None if self.mitigated is None else self.mitigated.to_dict(),
            "predicted": self.predicted,
            "position": self.position,
            "difference": self.difference,
            "standard_deviations": self.deviations,
            "ideal": self.ideal,
            "theory": self.theory,
            **{control: found.to_dict() for control, found in self.controls.items()},
        }
        return {key: value for key, value in plain.items() if value is not None}


@dataclass(frozen=True)
class Comparison:
    """The figures of a run side by side with controls, prediction, ideal, theory and bounds. Made by ``result.compare()``.

    Args:
        title: Protocol and backend. If the run was simulated on a named device, the title says so.
        figures: One entry for each figure of the protocol, with its values in the control experiments.
        notes: Notes for the reader.
        made: The seed and the qubits that reproduce the figures, in one line.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> from qnet_circuits.runs.verbs import predict
        >>> comparison = predict(RepeaterChain(hops=3), controls=True).compare()
        >>> {name: round(found.measured.value, 9) for name, found in comparison.figures[0].controls.items()}
        {'uncorrected': 0.25, 'swap_transport': 1.0}
    """

    title: str
    figures: tuple[FigureResult, ...]
    notes: tuple[str, ...] = ()
    made: str = ""

    def with_controls(self) -> Comparison:
        """Return the comparison with the figures of control experiments joined to the figures that they belong to."""
        figures = {found.figure: found for found in self.figures}
        for name in list(figures):
            names = {control: control_name(name, control) for control in CONTROLS}
            there = {control: figures.pop(each) for control, each in names.items() if each in figures}
            if there:
                bare = {control: replace(each, figure="", bounds={}) for control, each in there.items()}
                figures[name] = replace(figures[name], controls=bare)
        return replace(self, figures=tuple(figures.values()))

    def rows(self) -> list[dict[str, str]]:
        """Return the table as text: one row for each figure, without empty columns."""
        return filled([found.row() for found in self.figures])

    def short_rows(self) -> list[dict[str, str]]:
        """Return a narrower table: measured value, ideal, theory and prediction. The header states the level."""
        level = min((found.measured.level for found in self.figures), default=1.0)
        value = "value" if level == 1 else f"value ({100 * level:.10g} % interval)"
        return filled(
            [
                {
                    "figure": found.figure,
                    value: found.measured.with_interval(),
                    "mitigated": "" if found.mitigated is None else found.mitigated.with_interval(),
                    "ideal": number(found.ideal),
                    "theory": number(found.theory),
                    "predicted": number(found.predicted),
                }
                for found in self.figures
            ]
        )

    def chance(self) -> dict[str, Any]:
        """Count the intervals beside a prediction, those that miss it, and those that would miss it by chance alone.

        An interval of level 0.95 misses the true value in at most 5 % of all runs. The sum of these fractions bounds the
        average number of intervals that miss, however the figures depend on each other.
        """
        lines = [each for found in self.figures for each in (found, *found.controls.values())]
        beside = [each for each in lines if each.position is not None and each.measured.level < 1]
        return {
            "intervals": len(beside),
            "outside": sum(each.position != INSIDE for each in beside),
            "outside_by_chance": round(sum(1 - each.measured.level for each in beside), 9),
        }

    def _notes(self) -> tuple[str, ...]:
        found = self.chance()
        if not found["intervals"]:
            return self.notes
        return (
            f"{found['outside']} of {found['intervals']} intervals do not contain their prediction; if all predictions were "
            f"true, about {found['outside_by_chance']:.3g} or fewer would miss it by chance alone, on average",
            *self.notes,
        )

    def _below(self) -> list[str]:
        """Return the lines below the table: the level of the intervals, and the seed and qubits that reproduce the figures."""
        levels = sorted({each.measured.level for each in self.figures} - {1.0})
        stated = f"in brackets: {' and '.join(f'{100 * level:.10g} %' for level in levels)} interval"
        return [line for line in (stated if levels else "", self.made) if line]

    def __str__(self) -> str:
        lines = filled([line for found in self.figures for line in found.lines()])
        return "\n".join(
            [self.title, table(lines), *self._below(), *(f"note: {note}" for note in self._notes())]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison in plain values."""
        figures = [
            {"figure": found.figure, **found.to_dict(), "bounds": dict(found.bounds)}
            for found in self.figures
        ]
        return {"title": self.title, "figures": figures, **self.chance()}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measured figures beside controls, prediction, ideal, theory and bounds; return the Matplotlib axes."""
        from qnet_circuits.plotting.result import plot_result

        return plot_result(self, ax)

    def _repr_html_(self) -> str:
        below = "".join(f"<p>{html.escape(line)}</p>" for line in self._below())
        return page(self.title, self.rows(), self._notes(), below=below)


def _with_interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.4f} {interval(estimate)}".rstrip()
