"""A table with a row for each round of a key distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from numpy.typing import NDArray

from qnet_circuits.runs.results.exports import dataframe
from qnet_circuits.runs.results.tables import Row, csv_text, page, table

if TYPE_CHECKING:
    from pandas import DataFrame

#: So many rounds are shown to people.
_SHOWN = 20


@dataclass(frozen=True, eq=False)
class RoundTable(Sequence[Mapping[str, Any]]):
    """The rounds of a run in order: a sequence of rows, each a mapping of columns to plain values.

    Args:
        columns: One array for each column, all of the same length.

    Example:
        >>> import numpy as np
        >>> rounds = RoundTable({"round": np.array([1, 2]), "alice_bit": np.array([0, 1])})
        >>> len(rounds), rounds[1]
        (2, {'round': 2, 'alice_bit': 1})
        >>> print(rounds)
        round  alice_bit
        1      0
        2      1
    """

    columns: Mapping[str, NDArray[Any]] = field(repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> RoundTable: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | RoundTable:
        if isinstance(place, slice):
            return RoundTable({name: column[place] for name, column in self.columns.items()})
        return {name: column[place].item() for name, column in self.columns.items()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self._rows())

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(column.tolist() for column in self.columns.values()), strict=True)

    def __repr__(self) -> str:
        return f"<RoundTable of {len(self)} rounds: {', '.join(self.columns)}>"

    def _shown(self) -> list[Row]:
        return [{name: str(value) for name, value in row.items()} for row in self[:_SHOWN]]

    @property
    def _more(self) -> str:
        return f"and {len(self) - _SHOWN:,} more rounds" if len(self) > _SHOWN else ""

    def __str__(self) -> str:
        return "\n".join([table(self._shown()), *([self._more] if self._more else [])])

    def _repr_html_(self) -> str:
        return page(f"{len(self):,} rounds", self._shown(), [self._more] if self._more else [])

    def to_dataframe(self) -> DataFrame:
        """Return the rounds as a pandas DataFrame.

        Raises:
            UnsupportedError: If pandas is not installed.
        """
        return dataframe(dict(self.columns))

    def to_csv(self) -> str:
        """Return the rounds as CSV, with a header."""
        return csv_text([tuple(self.columns), *self._rows()])
