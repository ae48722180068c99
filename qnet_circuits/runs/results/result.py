"""A result: figures with intervals, theory and bounds."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.figures import links_of
from qnet_circuits.runs.results.comparison import Comparison, FigureResult
from qnet_circuits.runs.results.exports import dataframe, latex_table, records
from qnet_circuits.runs.results.tables import (
    bounds_text,
    csv_text,
    filled,
    interval,
    number,
    p_value_text,
    page,
    table,
)
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from qnet_circuits.runs.results.rounds import RoundTable
    from qnet_circuits.runs.results.sampled import Counts, Sampled

SCHEMA = 1
#: So many links are not shown one by one.
_MANY_LINKS = 12
#: Said of a result that was read.
_NOT_THERE = (
    "this result was read without outcomes, like the rows of a sweep; open its run (qn.open_run) or run again"
)
#: What a run was asked for.
_ASKED = ("protocol", "parameters", "backend", "corrections", "shots", "seed", "noise")
#: What a run was made with beside that, where it was.
_MODES = ("engine", "controls")
#: What else is known of how the figures were made; a run that was stored earlier lacks it.
_MADE = ("versions", "source", "calibration_date", "shifts")
#: So many placements are shown one by one.
_FEW_LAYOUTS = 3
#: What stands in the plain form as it is.
_PLAIN = ("ideal", "theory", "predicted", "bounds", "resources")
#: Keys of the plain form; whatever else stands there is the protocol's own.
_OWN = {
    "schema", "version", *_ASKED, *_MODES, "figures", *_PLAIN, "layout", "copies", "notes", "seconds", "blocks",
    "mitigated", "provenance",
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """The figures of one run.

    A figure is read as ``result["fidelity"]`` or ``result.fidelity``.

    Args:
        figures: The estimates, by name.
        ideal: Values on a noiseless machine.
        theory: Values by closed formulas for the noise of this run, if there are any.
        predicted: Exact values for the same description of noise, if computed.
        mitigated: The estimates corrected for readout errors, if requested. They never replace the raw estimates.
        bounds: The values that figures must beat, {figure: {name: value}}.
        resources: The resource ledger, with compiled counts.
        provenance: The origin of the figures: protocol, parameters, backend, corrections, shots, seed, layout, versions of the
            software, the commit of the library's source, and the date of the calibration.
        notes: Notes for the reader.
        seconds: The durations of compilation, execution and analysis.
        blocks: If the run has several blocks, for each figure: its value in each block, the interval of the pooled shots, and
            the interval of the spread between blocks. The estimate has the wider interval.
        more: Other findings of the protocol, plain values by name; for example ``result.ledger``.
        refused: Why the protocol aborted although the run succeeded, or None.
        secrets: Values that are never printed, compared or stored; for example ``result.secret_key``.
        report: Text below the table of figures.
        copies: If the run has several copies: their ``count``, the ``qubits`` of each, the couplings at which copies are
            ``touching``, and for each of ``figures`` the ``value`` in each copy with its interval, and the
            ``standard_deviation`` of these values.
        ranges: The ranges of figures, {figure: (lowest, highest)}, if declared. A result read from plain values has none.
        sampled: The data behind the figures, for ``counts``, ``rounds`` and ``to_html``. None if the result was read from
            plain values or pickled.

    Example:
        >>> from qnet_circuits.runs.verbs import run
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> result = run(RepeaterChain(hops=2), shots=1000, seed=1)
        >>> result.fidelity.value, result["fidelity"].above(0.5)
        (1.0, True)
    """

    figures: dict[str, Estimate]
    ideal: dict[str, float] = field(default_factory=dict)
    theory: dict[str, float] = field(default_factory=dict)
    predicted: dict[str, float] = field(default_factory=dict)
    bounds: dict[str, dict[str, float]] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    refused: str | None = None
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    mitigated: dict[str, Estimate] = field(default_factory=dict)
    report: str = field(default="", repr=False, compare=False)
    copies: dict[str, Any] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False, compare=False)
    sampled: Sampled | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        # What leaves the process are figures: not the outcomes, nor a backend with its account.
        return {**self.__dict__, "sampled": None}

    def __getitem__(self, name: str) -> Estimate:
        return self.figures[name]

    def __getattr__(self, name: str) -> Any:
        known = [self.__dict__.get(key, {}) for key in ("figures", "more", "secrets")]
        for values in known:
            if name in values:
                return values[name]
        listed = ", ".join(each for values in known for each in values)
        raise AttributeError(f"there is no figure {name!r}; there are {listed}")

    @property
    def title(self) -> str:
        """Protocol and backend, in one line. If the run was simulated on a named device, the title says so."""
        backend = str(self.provenance.get("backend", ""))
        simulated = ":" in backend and any(note.startswith("simulated") for note in self.notes)
        return f"{self.provenance.get('protocol', '')} on {backend}{' (simulated)' if simulated else ''}"

    @property
    def _made_with(self) -> str:
        """The seed, the qubits and the date of their calibration, in one line: they reproduce the figures."""
        seed, layouts, date = (self.provenance.get(key) for key in ("seed", "layout", "calibration_date"))
        shown = ", ".join(" ".join(map(str, layout)) for layout in (layouts or [])[:_FEW_LAYOUTS])
        more = f" and {len(layouts) - _FEW_LAYOUTS} more" if layouts and len(layouts) > _FEW_LAYOUTS else ""
        said = {"seed": seed, "layout": shown + more or None, "calibration of": date}
        return "  ".join(f"{name} {value}" for name, value in said.items() if value is not None)

    @property
    def _of_copies(self) -> str:
        """The spread of the copies in the figure that selected them, in one line; empty without copies."""
        if not self.copies:
            return ""
        said, name = f"copies {self.copies['count']}", self.copies["figure"]
        known = self.copies["figures"].get(name, {})
        values = [value for value in known.get("value", ()) if value is not None]
        if values:
            said += f"  {name} of each {number(min(values))} to {number(max(values))}"
        if known.get("standard_deviation") is not None:
            said += f"  standard deviation {number(known['standard_deviation'])}"
        return said

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``qnet run --json`` prints, in plain values."""
        made = {key: self.provenance[key] for key in _MADE if key in self.provenance}
        return {
            "schema": SCHEMA,
            "version": self.provenance.get("version"),
            **{key: self.provenance.get(key) for key in _ASKED},
            **{key: self.provenance[key] for key in _MODES if key in self.provenance},
            "figures": {name: estimate.to_dict() for name, estimate in self.figures.items()},
            **({"mitigated": {n: e.to_dict() for n, e in self.mitigated.items()}} if self.mitigated else {}),
            **{key: getattr(self, key) for key in _PLAIN},
            "layout": self.provenance.get("layout"),
            "copies": self.copies or None,
            **({"provenance": made} if made else {}),
            "notes": list(self.notes),
            "seconds": self.seconds,
            **({"blocks": self.blocks} if self.blocks else {}),
            **self.more,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Result:
        """Make a result from its plain form."""
        figures = {name: Estimate(**value) for name, value in plain["figures"].items()}
        tables = {key: plain[key] for key in (*_PLAIN, "seconds")}
        provenance = {key: plain.get(key) for key in ("version", *_ASKED, "layout")}
        provenance.update({key: plain[key] for key in _MODES if key in plain}, **plain.get("provenance", {}))
        more = {key: value for key, value in plain.items() if key not in _OWN}
        mitigated = {name: Estimate(**value) for name, value in plain.get("mitigated", {}).items()}
        return cls(
            figures, provenance=provenance, notes=tuple(plain["notes"]), blocks=dict(plain.get("blocks", {})),
            more=more, refused=more.get("aborted"), mitigated=mitigated, copies=dict(plain.get("copies") or {}), **tables,
        )  # fmt: skip

    def _table(self) -> Comparison:
        """Return each figure with its estimate, prediction, ideal, theory and bounds."""
        figures = tuple(
            FigureResult(
                estimate, self.predicted.get(name), self.ideal.get(name), self.theory.get(name),
                self.mitigated.get(name), self.bounds.get(name, {}), name, range=self.ranges.get(name),
            )
            for name, estimate in self.figures.items()
        )  # fmt: skip
        return Comparison(self.title, figures, self.notes, self._made_with)

    def rows(self) -> list[dict[str, str]]:
        """Return the table of figures as text: one row for each figure, without empty columns."""
        # What was counted or computed has no interval beside figures that were sampled.
        level = min((estimate.level for estimate in self.figures.values()), default=1.0)
        rows = []
        for found in self._table().figures:
            measured = found.measured
            rows.append(
                {
                    "figure": found.figure,
                    "value": measured.rounded(),
                    f"{100 * level:.10g}% interval": interval(measured) if measured.level == level else "",
                    "n": str(measured.n or ""),
                    "mitigated": str(found.mitigated or ""),
                    "ideal": number(found.ideal),
                    "theory": number(found.theory),
                    "predicted": number(found.predicted),
                    "bounds": bounds_text(found.bounds),
                    "p-value": p_value_text(measured.p_value),
                }
            )
        return filled(rows)

    def __str__(self) -> str:
        lines = [self.title, table(self.rows())]
        counted = {k: v for k, v in self.resources.items() if isinstance(v, int) or k == "circuit"}
        lines.append("  ".join(f"{key.replace('_', ' ')} {value}" for key, value in counted.items()))
        lines += [line for line in (self._made_with, self._of_copies, self.report) if line]
        if self.refused is not None:
            lines.append(f"refused: {self.refused}")
        if "verify" in self.seconds:
            lines.append(f"verified before submission, in {self.seconds['verify']:.2f} s")
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def to_csv(self) -> str:
        """Return the figures as CSV: name, value, low, high, level, method, n, ideal, theory, predicted.

        If figures were mitigated, the columns mitigated, mitigated_low and mitigated_high follow.
        """
        ends, beside = ("value", "low", "high"), ("ideal", "theory", "predicted")
        more = ["mitigated", "mitigated_low", "mitigated_high"] if self.mitigated else []
        lines: list[list[Any]] = [["figure", *ends, "level", "method", "n", *beside, *more]]
        for found in self._table().figures:
            e = found.measured
            line = [found.figure, e.value, e.low, e.high, e.level, e.method, e.n]
            line += [getattr(found, key) for key in beside]
            lines.append([*line, *(getattr(found.mitigated, end, "") for end in ends if more)])
        return csv_text(lines)

    def records(self) -> list[dict[str, Any]]:
        """Return one flat record for each figure, with the columns of a sweep's ``records`` except ``id``."""
        return list(records(self.to_dict()))

    def to_dataframe(self) -> DataFrame:
        """Return the records as a pandas DataFrame, a row for each figure.

        Raises:
            UnsupportedError: If pandas is not installed.
        """
        return dataframe(self.records())

    def to_latex(self) -> str:
        r"""Return the figures with intervals, ideal, theory and prediction as a LaTeX ``tabular``.

        The table needs no LaTeX package. Its header states the level of the intervals.

        Example:
            >>> import qnet_circuits as qn
            >>> print(qn.run(qn.Teleportation(state="+", link_fidelity=0.94), "exact").to_latex())
            \begin{tabular}{llll}
            \hline
            figure & value & ideal & theory \\
            \hline
            fidelity & 0.96 & 1.0000 & 0.9600 \\
            \hline
            \end{tabular}
        """
        return latex_table(self._table().short_rows())

    def _outcomes(self) -> Sampled:
        if self.sampled is None:
            raise UnsupportedError(_NOT_THERE)
        return self.sampled

    def counts(self) -> dict[str, Counts]:
        """Return the counts of the joint outcomes of each circuit's registers, {circuit: {bits: shots}}.

        Bits are written as in Qiskit's counts: registers are separated by spaces, the last register is first, and bit 0 of a
        register is rightmost. Counts are taken after corrections in software and post-selection. They pool all blocks and
        copies, and leave out circuits that measure readout errors.

        Raises:
            UnsupportedError: If there are no outcomes: the figures are exact, the result was read from plain values, or the
                backend counts while it samples. Or if the outcomes are secret; those of a run with a seed are not.

        Example:
            >>> import qnet_circuits as qn
            >>> result = qn.run(qn.Teleportation(state="1"), shots=100, seed=1)
            >>> {bits[0] for bits in result.counts()["1_z"]}, sum(result.counts()["1_z"].values())
            ({'1'}, 100)
        """
        return self._outcomes().counts()

    def rounds(self) -> RoundTable:
        """Return a row for each round of a key distribution: bases, bits, and whether the round is kept, tested or dropped.

        The rounds are in the order of the protocol. They are shown only for a run with a seed, which is a demonstration;
        otherwise they are secret.

        Raises:
            UnsupportedError: If the protocol has no table of rounds, or there are no outcomes, as for ``counts``.

        Example:
            >>> import qnet_circuits as qn
            >>> rounds = qn.run(qn.BB84(pulses=2000), seed=3).rounds()
            >>> len(rounds), list(rounds[0])
            (2000, ['round', 'alice_basis', 'alice_bit', 'bob_basis', 'bob_bit', 'use'])
            >>> all(row["alice_bit"] == row["bob_bit"] for row in rounds if row["use"] == "key")
            True
        """
        return self._outcomes().rounds()

    def to_html(self, plots: bool = True) -> str:
        """Return a report as one HTML page that loads nothing from elsewhere.

        The page shows the figures with their intervals, ideal, theory, prediction and bounds; the network; a circuit and its
        timeline; the qubits on the chip; resources, cost, notes and versions; and how to repeat the run. Its title says
        whether the run was simulated. Unknown parts are left out: for a result read from plain values, the page has only
        figures and notes. The page contains no outcome and no secret.

        Args:
            plots: Whether to include plots, which take some seconds and most of the page. Default True.

        Example:
            >>> import qnet_circuits as qn
            >>> page = qn.run(qn.Teleportation(state="0"), shots=100, seed=1).to_html(plots=False)
            >>> "<title>Simulated: teleportation on ideal</title>" in page
            True
        """
        from qnet_circuits.runs.results.report.page import report_page

        return report_page(self, plots)

    def compare(self) -> Comparison:
        """Return measured figures, controls, prediction, ideal, theory and bounds side by side, as a table and a plot."""
        table = self._table()
        return table.with_controls() if self.provenance.get("controls") else table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Plot the figures with their intervals, controls, ideal, theory and bounds. Return the Matplotlib axes.

        Figures of many links, or of copies, are drawn as a map of the chip, as by ``plot_links``, ``plot_gains`` and
        ``plot_copies``.
        """
        if self.copies:
            from qnet_circuits.plotting.copies import plot_copies

            return plot_copies(self, ax)
        if links_of(self.figures, "gain"):
            from qnet_circuits.plotting.gains import plot_gains

            return plot_gains(self, ax)
        if len(links_of(self.figures)) >= _MANY_LINKS:
            from qnet_circuits.plotting.links import plot_links

            return plot_links(self, ax)
        from qnet_circuits.plotting.result import plot_result

        return plot_result(self, ax)

    def _repr_html_(self) -> str:
        said = (self._made_with, self._of_copies)
        below = "".join(f"<p>{html.escape(line)}</p>" for line in said if line)
        below += f"<pre>{html.escape(self.report)}</pre>" if self.report else ""
        if self.refused is not None:
            below += f"<p><b>refused:</b> {html.escape(self.refused)}</p>"
        return page(self.title, self.rows(), self.notes, below=below)
