"""The rows of a sweep as plain values, results and tables."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from qnet_circuits.errors import UnknownNameError
from qnet_circuits.runs.results.exports import dataframe, latex_table, records
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.results.tables import Row, csv_text, filled, interval, number, page, table
from qnet_circuits.runs.sweeps.file import read_rows
from qnet_circuits.runs.sweeps.varied import varied
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

_BESIDE = ("ideal", "theory", "predicted")


@dataclass(frozen=True)
class SweepRows(Sequence[Mapping[str, Any]]):
    """The rows of a sweep: for each point the object of ``qnet run --json``, with its ``id``, and its options in ``point``.

    Args:
        rows: The rows.

    Example:
        >>> import tempfile, qnet_circuits as qn
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> chains = qn.grid(qn.RepeaterChain, hops=[1, 2])
        >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as here:
        ...     rows = qn.sweep(chains, "exact", path=f"{folder}/rows.jsonl", executor=here)
        >>> [row["parameters"]["hops"] for row in rows], round(rows.results()[0].fidelity.value, 9)
        ([1, 2], 1.0)
    """

    rows: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SweepRows:
        """Return all rows of a file, in its order.

        Raises:
            RecordError: If the file cannot be read, or is not a file of rows.
        """
        return cls(tuple(read_rows(path).values()))

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> SweepRows: ...
    def __getitem__(self, place: int | slice) -> Mapping[str, Any] | SweepRows:
        return SweepRows(self.rows[place]) if isinstance(place, slice) else self.rows[place]

    def __len__(self) -> int:
        return len(self.rows)

    def __add__(self, other: SweepRows) -> SweepRows:
        return SweepRows((*self.rows, *other.rows))

    def results(self) -> list[Result]:
        """Return the result of each point."""
        return [Result.from_dict(_without(row, ("id", "point"))) for row in self.rows]

    def records(self) -> list[dict[str, Any]]:
        """Return one flat record for each figure of each point.

        The first columns are ``id``, ``protocol``, ``backend``, ``corrections``, ``shots`` and ``seed`` of the point. Then
        come its parameters, with the prefix ``parameter_`` if another column has the same name, and other options that differ
        between points; terms of noise are named like ``noise.idle``. The last columns are ``figure``, ``value``, ``low``,
        ``high``, ``level``, ``n``, ``standard_error``, ``method``, ``ideal``, ``theory`` and ``predicted``. Unknown values are
        None.
        """
        return [
            record
            for row, options in zip(self.rows, varied(self.rows), strict=True)
            for record in records(row, options)
        ]

    def to_dataframe(self) -> DataFrame:
        """Return the records as a pandas DataFrame.

        Raises:
            UnsupportedError: If pandas is not installed.
        """
        return dataframe(self.records())

    def to_latex(self, figure: str | None = None) -> str:
        """Return the table of one figure as a LaTeX ``tabular``, which needs no package.

        Args:
            figure: As for ``table``.
        """
        return latex_table(self.table(figure))

    def to_csv(self) -> str:
        """Return the records as CSV."""
        records = self.records()
        columns = list(dict.fromkeys(name for record in records for name in record))
        return csv_text([columns, *([record.get(name) for name in columns] for record in records)])

    def table(self, figure: str | None = None) -> list[Row]:
        """Return one figure of all points as rows of text.

        Args:
            figure: Name of the figure. Default: ``fidelity`` if the points have it, otherwise the first figure of each point.

        Raises:
            UnknownNameError: If no point has this figure.
        """
        known = {name for row in self.rows for name in row["figures"]}
        if figure is not None and figure not in known:
            raise UnknownNameError("figure", figure, known)
        rows = [
            _shown(row, figure or _main(row), options)
            for row, options in zip(self.rows, varied(self.rows), strict=True)
        ]
        columns = dict.fromkeys(name for row in rows for name in row)
        return filled([{name: row.get(name, "") for name in columns} for row in rows])

    def plot(self, x: str, y: str | None = None, by: str | None = None, ax: Axes | None = None) -> Axes:
        """Plot a figure against a parameter, as ``plot_series`` does."""
        from qnet_circuits.plotting.series import plot_series

        return plot_series(self.rows, x, y, by, ax)

    def __str__(self) -> str:
        return table(self.table())

    def _repr_html_(self) -> str:
        return page(f"sweep of {len(self)} points", self.table(), ())


def _without(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _main(row: Mapping[str, Any]) -> str:
    """Return the name of the figure to show by default."""
    figures = row["figures"]
    return "fidelity" if "fidelity" in figures else next(iter(figures), "")


def _shown(row: Mapping[str, Any], figure: str, options: Mapping[str, Any]) -> Row:
    asked = {**options, **row["parameters"], "protocol": row["protocol"], "backend": row["backend"]}
    first = {name: str(value) for name, value in asked.items() if not isinstance(value, Mapping | list)}
    if figure not in row["figures"]:
        return {**first, "figure": figure}
    estimate = Estimate(**row["figures"][figure])
    beside = {name: number(row[name].get(figure)) for name in _BESIDE}
    level = "" if estimate.level == 1 else f"{100 * estimate.level:.10g} %"
    measured = {"value": estimate.rounded(), "interval": interval(estimate), "level": level}
    return {**first, "figure": figure, **measured, **beside}
