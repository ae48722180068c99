"""Measured figures beside their controls, prediction, ideal, theory and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qnet_circuits.programs.controls import CONTROLS, control_name
from qnet_circuits.runs.results.tables import bounds_text, filled, interval, number, page, table
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qnet_circuits.runs.results.result import Result

INSIDE, ABOVE, BELOW = "inside", "above", "below"


@dataclass(frozen=True)
class Reading:
    """What was measured of one figure, beside what was to be expected.

    Args:
        measured: The estimate.
        predicted: The exact value for the noise of the stored calibration, if it was computed.
        ideal: The value on a noiseless machine, if it is known.
        theory: The closed form for the noise of the run, where there is one.
        mitigated: The estimate after mitigation of readout errors, if there is one; the prediction is not of it.

    Example:
        >>> reading = Reading(Estimate(0.90, 0.88, 0.92, 0.95, "Clopper-Pearson", 1000), predicted=0.95)
        >>> reading.position, round(reading.difference, 3), round(reading.deviations, 1)
        ('below', -0.05, -4.9)
    """

    measured: Estimate
    predicted: float | None = None
    ideal: float | None = None
    theory: float | None = None
    mitigated: Estimate | None = None

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

        One standard deviation is what makes the interval's arm on the prediction's side: its length over the normal quantile
        of the level. Intervals that cover whatever the value are a little longer than normal ones, so this is a little less.
        """
        from scipy.special import ndtri

        difference, measured = self.difference, self.measured
        if difference is None:
            return None
        arm = measured.value - measured.low if difference > 0 else measured.high - measured.value
        return difference * float(ndtri((1 + measured.level) / 2)) / arm if arm > 1e-12 else None

    def against(self) -> str:
        """Return in words how the measured value stands to the prediction."""
        if self.position is None or self.difference is None:
            return ""
        deviations = "" if self.deviations is None else f" ({self.deviations:+.1f} sd)"
        away = "" if self.position == INSIDE else f" by {abs(self.difference):.4f}"
        return f"{self.position}{away}{deviations}"

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form; what is not known is left out."""
        plain = {
            "measured": self.measured.to_dict(),
            "mitigated": None if self.mitigated is None else self.mitigated.to_dict(),
            "predicted": self.predicted,
            "position": self.position,
            "difference": self.difference,
            "standard_deviations": self.deviations,
            "ideal": self.ideal,
            "theory": self.theory,
        }
        return {key: value for key, value in plain.items() if value is not None}


@dataclass(frozen=True)
class Compared:
    """One figure of a protocol with everything that it is compared with.

    Args:
        figure: Its name.
        reading: What was measured and expected of it.
        controls: What was measured and expected of it in the control experiments, by their names.
        bounds: What it must beat, {name: value}.
    """

    figure: str
    reading: Reading
    controls: Mapping[str, Reading] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, str]:
        """Return the row of the table, as text."""
        row = {
            "figure": self.figure,
            "value": _with_interval(self.reading.measured),
            "mitigated": _with_interval(self.reading.mitigated),
            "predicted": number(self.reading.predicted),
            "against prediction": self.reading.against(),
        }
        for control in CONTROLS:
            reading, name = self.controls.get(control), control.replace("_", " ")
            row[name] = "" if reading is None else _with_interval(reading.measured)
            row[f"{name}, mitigated"] = "" if reading is None else _with_interval(reading.mitigated)
            row[f"{name}, predicted"] = "" if reading is None else number(reading.predicted)
            row[f"{name}, against prediction"] = "" if reading is None else reading.against()
        ideal, theory = number(self.reading.ideal), number(self.reading.theory)
        return {**row, "ideal": ideal, "theory": theory, "bounds": bounds_text(self.bounds)}

    def lines(self) -> list[dict[str, str]]:
        """Return the same as lines one below the other, which a terminal has room for."""
        readings = {}
        first = "exact" if self.reading.measured.level == 1 else "measured"
        for name, reading in {first: self.reading, **self.controls}.items():
            readings[name] = reading
            if reading.mitigated is not None:
                # The prediction is of unmitigated figures.
                also = "mitigated" if name == first else f"{name}, mitigated"
                readings[also] = Reading(reading.mitigated, ideal=reading.ideal)
        return [
            {
                "figure": self.figure if k == 0 else "",
                "": name.replace("_", " "),
                "value": _with_interval(reading.measured),
                "predicted": number(reading.predicted),
                "against prediction": reading.against(),
                "ideal": number(reading.ideal),
                "theory": number(reading.theory),
                "bounds": bounds_text(self.bounds) if k == 0 else "",
            }
            for k, (name, reading) in enumerate(readings.items())
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        controls = {control: reading.to_dict() for control, reading in self.controls.items()}
        return {
            "figure": self.figure, **self.reading.to_dict(), **controls, "bounds": dict(self.bounds),
        }  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """The figures of a run side by side with controls, prediction, ideal, theory and bounds. Made by ``result.compare()``.

    Args:
        title: Protocol and backend; where it names a device but was simulated, it says so.
        figures: One entry for each figure of the protocol itself.
        notes: What a reader must know.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> from qnet_circuits.runs.verbs import predict
        >>> comparison = predict(RepeaterChain(hops=3), controls=True).compare()
        >>> {name: reading.measured.value for name, reading in comparison.figures[0].controls.items()}
        {'uncorrected': 0.25, 'swap_transport': 1.0}
    """

    title: str
    figures: tuple[Compared, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, str]]:
        """Return the table: one row for each figure, as text, with a column only where something stands in it."""
        return filled([compared.row() for compared in self.figures])

    def __str__(self) -> str:
        lines = filled([line for compared in self.figures for line in compared.lines()])
        return "\n".join([self.title, table(lines), *(f"note: {note}" for note in self.notes)])

    def to_dict(self) -> dict[str, Any]:
        """Return only plain values."""
        return {"title": self.title, "figures": [compared.to_dict() for compared in self.figures]}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measured figures beside controls, prediction, ideal, theory and bounds; return the Matplotlib axes."""
        from qnet_circuits.plotting.comparison import plot_comparison

        return plot_comparison(self, ax)

    def _repr_html_(self) -> str:
        return page(self.title, self.rows(), self.notes)


def compare(result: Result) -> Comparison:
    """Return the figures of a result side by side with what they are compared with."""
    controlled = bool(result.provenance.get("controls"))
    of = {name: _controls(result, name) if controlled else {} for name in result.figures}
    extra = {control_name(name, control) for name, readings in of.items() for control in readings}
    figures = tuple(
        Compared(name, _reading(result, name), of[name], result.bounds.get(name, {}))
        for name in result.figures
        if name not in extra
    )
    return Comparison(result.title, figures, result.notes)


def _reading(result: Result, name: str) -> Reading:
    return Reading(
        result.figures[name],
        result.predicted.get(name),
        result.ideal.get(name),
        result.theory.get(name),
        getattr(result, "mitigated", {}).get(name),
    )


def _controls(result: Result, name: str) -> dict[str, Reading]:
    """Return what the control experiments measured of a figure."""
    names = {control: control_name(name, control) for control in CONTROLS}
    return {control: _reading(result, each) for control, each in names.items() if each in result.figures}


def _with_interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.4f} {interval(estimate)}".rstrip()
