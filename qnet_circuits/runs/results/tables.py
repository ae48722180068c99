"""Rows as text, and as HTML."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.weighted import LEAST

Row = dict[str, str]
#: Numbers below this are written with a power of ten; what is below the other one is 0 but for rounding.
_SMALL, _ROUNDING = 1e-3, 1e-12
_LARGE = 1e15


def table(rows: Sequence[Row]) -> str:
    """Return rows as aligned text."""
    if not rows:
        return "(no figures)"
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def filled(rows: Sequence[Row]) -> list[Row]:
    """Return rows without empty columns."""
    kept = [key for key in rows[0] if any(row[key] for row in rows)] if rows else []
    return [{key: row[key] for key in kept} for row in rows]


def page(title: str, rows: Sequence[Row], notes: Sequence[str], above: str = "", below: str = "") -> str:
    """Return rows as an HTML table with a title and notes; ``above`` and ``below`` are HTML already."""
    head = "".join(f'<th scope="col">{html.escape(key)}</th>' for key in (rows[0] if rows else ()))
    cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row.values()) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    small = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in notes)
    return f"<b>{html.escape(title)}</b>{above}<table><tr>{head}</tr>{body}</table>{below}{small}"


def csv_text(lines: Iterable[Sequence[Any]]) -> str:
    """Return lines as CSV; None is an empty cell."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()


def number(value: float | None) -> str:
    """Return a number as text, or an empty text for None. A number that rounds to 0 has no sign."""
    if value is None:
        return ""
    return f"{value:z.4f}" if abs(value) <= _ROUNDING else _written(value, abs(value))


def interval(estimate: Estimate) -> str:
    """Return the interval of an estimate as text, or an empty text for an exact value."""
    if estimate.level == 1:
        return ""
    most = max(abs(estimate.low), abs(estimate.high)) if estimate.low >= 0 else 1.0
    return f"[{_written(estimate.low, most)}, {_written(estimate.high, most)}]"


def _written(value: float, most: float) -> str:
    """Return a number with decimals for a given size, or with a power of ten if decimals would be too few or too many."""
    return f"{value:.4f}" if most == 0 or _SMALL <= most < _LARGE else f"{value:.2e}"


def p_value_text(value: float | None) -> str:
    """Return a p-value as text, or an empty text for None. It is never written as 0."""
    if value is None:
        return ""
    return f"< {LEAST:g}" if value <= LEAST else f"{value:.2g}"


def bounds_text(bounds: Mapping[str, float]) -> str:
    """Return bounds by name as text."""
    return ", ".join(f"{name} {value:.4g}" for name, value in bounds.items())
