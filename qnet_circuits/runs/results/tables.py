"""Rows as text."""

from __future__ import annotations


def table(rows: list[dict[str, str]]) -> str:
    """Return rows as aligned text."""
    if not rows:
        return "(no figures)"
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
