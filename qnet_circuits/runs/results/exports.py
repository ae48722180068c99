"""Figures in forms for other tools: flat records, a pandas DataFrame, a LaTeX table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qnet_circuits.errors import UnsupportedError
from qnet_circuits.runs.results.tables import Row

if TYPE_CHECKING:
    from pandas import DataFrame

#: Columns of a table that a parameter of the same name must not hide.
_FIXED = ("id", "protocol", "backend", "corrections", "shots", "seed", "figure")
_ESTIMATE = ("value", "low", "high", "level", "n", "standard_error", "method")
_BESIDE = ("ideal", "theory", "predicted")
#: How characters are written that LaTeX would obey.
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "√": r"$\surd$",
}  # fmt: skip


def records(plain: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Yield one flat record for each figure of a run's plain form, or of a sweep's row.

    Args:
        plain: The object that ``qnet run --json`` prints; a row of a sweep also has an ``id``.
        options: Options that get columns, unless they already have one.
    """
    varied = {name: value for name, value in (options or {}).items() if name not in _FIXED}
    taken = {*_FIXED, *_ESTIMATE, *_BESIDE, *varied}
    parameters = {
        f"parameter_{name}" if name in taken else name: value
        for name, value in (plain["parameters"] or {}).items()
    }
    fixed = {name: plain.get(name) for name in _FIXED if name != "figure" and (name != "id" or name in plain)}
    for figure, estimate in plain["figures"].items():
        beside = {name: plain[name].get(figure) for name in _BESIDE}
        known = {name: estimate.get(name) for name in _ESTIMATE}
        yield {**fixed, **parameters, **varied, "figure": figure, **known, **beside}


def dataframe(columns: Any) -> DataFrame:
    """Return records, or columns by name, as a pandas DataFrame.

    Raises:
        UnsupportedError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise UnsupportedError(
            "a DataFrame needs pandas: pip install 'qnet-circuits[pandas]', or pip install pandas; to_csv() needs no "
            "other package"
        ) from None
    return pandas.DataFrame(columns)


def latex_table(rows: Sequence[Row]) -> str:
    r"""Return rows as a LaTeX ``tabular``, which needs no package.

    Example:
        >>> print(latex_table([{"figure": "fidelity_x", "value": "0.93 ± 0.02"}]))
        \begin{tabular}{ll}
        \hline
        figure & value \\
        \hline
        fidelity\_x & 0.93 $\pm$ 0.02 \\
        \hline
        \end{tabular}
    """
    if not rows:
        return "% no figures"
    lines = [" & ".join(map(_latex, line)) + r" \\" for line in (rows[0], *(row.values() for row in rows))]
    inside = "\n".join([r"\hline", lines[0], r"\hline", *lines[1:], r"\hline"])
    return f"\\begin{{tabular}}{{{'l' * len(rows[0])}}}\n{inside}\n\\end{{tabular}}"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
