"""Parts of an HTML page: text that is escaped, tables that screen readers understand, sections with a title."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence

Row = Mapping[str, str]


def paragraph(text: str) -> str:
    """Return a text as a paragraph; an empty text gives none."""
    return f"<p>{html.escape(text)}</p>" if text else ""


def rows_table(rows: Sequence[Row], caption: str) -> str:
    """Return rows as a table whose first column names them.

    Args:
        rows: The rows, all with the same columns.
        caption: The content of the table, in a few words.

    Example:
        >>> rows_table([{"figure": "S", "value": "2.6"}], "figures").count('scope="row"')
        1
    """
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in rows[0])
    body = "".join(f"<tr>{_cells(list(row.values()))}</tr>" for row in rows)
    return _table(caption, f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", "rows")


def facts_table(facts: Mapping[str, str], caption: str) -> str:
    """Return facts by name as a table of two columns, without empty facts."""
    known = {name: fact for name, fact in facts.items() if fact}
    if not known:
        return ""
    body = "".join(f"<tr>{_cells([name, fact])}</tr>" for name, fact in known.items())
    return _table(caption, f"<tbody>{body}</tbody>")


def _cells(texts: Sequence[str]) -> str:
    first, *others = map(html.escape, texts)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{text}</td>" for text in others)


def _table(caption: str, inside: str, kind: str = "facts") -> str:
    said = html.escape(caption)
    # A table that is wider than the screen can be moved by the keyboard.
    wide = f'<div class="wide" role="region" tabindex="0" aria-label="{said}">'
    return f'{wide}<table class="{kind}"><caption>{said}</caption>{inside}</table></div>'


def items(texts: Iterable[str]) -> str:
    """Return texts as a list; no texts give no list."""
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in texts)
    return f"<ul>{listed}</ul>" if listed else ""


def code(text: str, label: str) -> str:
    """Return a block of lines to copy."""
    return (
        f'<pre tabindex="0" aria-label="{html.escape(label)}"><code>{html.escape(text)}</code></pre>'
        if text
        else ""
    )


def section(title: str, *parts: str) -> str:
    """Return a section with a title; an empty section is left out."""
    inside = "".join(parts)
    if not inside:
        return ""
    name = re.sub(r"\W+", "-", title.lower()).strip("-")
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{html.escape(title)}</h2>{inside}</section>'


def contents(page: str) -> str:
    """Return links to the sections of a page."""
    found = re.findall(r'<h2 id="([^"]+)">([^<]*)</h2>', page)
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in found)
    return f'<nav aria-label="contents"><ul>{links}</ul></nav>' if links else ""
