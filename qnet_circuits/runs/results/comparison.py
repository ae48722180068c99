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
    """What was measured of one figure, beside all that it is compared with.

    Args:
        measured: The estimate.
        predicted: The exact value for the noise of the stored calibration, if it was computed.
        ideal: The value on a noiseless machine, if it is known.
        theory: The closed form for the noise of the run, where there is one.
        mitigated: The estimate after mitigation of readout errors, if there is one; the prediction is not of it.
        bounds: What it must beat, {name: value}.
        figure: Its name.
        controls: What was measured and expected of it in the control experiments, by their names.
        range: The lowest and the highest value that it can have, if they are known.

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
        """Where the measured interval lies: ``inside`` if it holds the prediction, else ``above`` or ``below`` it."""
        if self.predicted is None:
            return None
        if self.measured.low - 1e-9 <= self.predicted <= self.measured.high + 1e-9:
            return INSIDE
        return ABOVE if self.measured.low > self.predicted else BELOW

    @property
    def deviations(self) -> float | None:
        """The difference in standard deviations of the measured value; None where it has none.

        One standard deviation is the standard error. Where the interval is lopsided or much longer than that makes it, as it is
        of few rarer outcomes or few blocks, and where no standard error was stored, it is what makes the interval's arm on the
        prediction's side: its length over the normal quantile of the level.
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
        """Return in words how the measured value stands to the prediction."""
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
        """Return the same as lines one below the other, which a terminal has room for."""
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
        """Return the plain form, without name and bounds; what is not known is left out."""
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
        title: Protocol and backend; where it names a device but was simulated, it says so.
        figures: One entry for each figure of the protocol itself, with those of its control experiments.
        notes: What a reader must know.
        made: What the figures can be made again with, in one line.

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
        """Return the same, where figures of control experiments stand with those that they belong to."""
        figures = {found.figure: found for found in self.figures}
        for name in list(figures):
            names = {control: control_name(name, control) for control in CONTROLS}
            there = {control: figures.pop(each) for control, each in names.items() if each in figures}
            if there:
                bare = {control: replace(each, figure="", bounds={}) for control, each in there.items()}
                figures[name] = replace(figures[name], controls=bare)
        return replace(self, figures=tuple(figures.values()))

    def rows(self) -> list[dict[str, str]]:
        """Return the table: one row for each figure, as text, with a column only where something stands in it."""
        return filled([found.row() for found in self.figures])

    def short_rows(self) -> list[dict[str, str]]:
        """Return a narrower table, of what was measured beside ideal, theory and prediction; the level is in the header."""
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
        """Return how many intervals stand beside a prediction, how many do not hold it, and how many would not by chance alone.

        An interval of level 0.95 is meant to miss the truth in 5 % of all runs at most. The sum of these parts is how many
        intervals would miss it on average at most, however figures depend on each other.
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
            f"{found['outside']} of {found['intervals']} intervals do not hold their prediction; if all predictions were true, "
            f"chance alone would make that about {found['outside_by_chance']:.3g} on average, or fewer",
            *self.notes,
        )

    def _below(self) -> list[str]:
        """Return what stands right below the table: the level of the intervals, and what the figures can be made again with."""
        levels = sorted({each.measured.level for each in self.figures} - {1.0})
        stated = f"in brackets: {' and '.join(f'{100 * level:.10g} %' for level in levels)} interval"
        return [line for line in (stated if levels else "", self.made) if line]

    def __str__(self) -> str:
        lines = filled([line for found in self.figures for line in found.lines()])
        return "\n".join(
            [self.title, table(lines), *self._below(), *(f"note: {note}" for note in self._notes())]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return only plain values."""
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
