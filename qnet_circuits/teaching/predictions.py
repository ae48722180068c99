"""Predictions that are made before a run, kept in a file, and scored after it."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qnet_circuits.errors import ParameterError, RecordError, UnknownNameError, check_range
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.journal import state_home
from qnet_circuits.teaching.answers import real
from qnet_circuits.theory.estimate import Estimate

#: The file in which predictions are kept.
FILE = "predictions.json"
SCHEMA = 1
_NAME = re.compile(r"[\w./-]{1,100}")


@dataclass(frozen=True)
class Prediction:
    """An interval in which somebody expects a value, and its score once the value is known.

    Args:
        name: What is predicted, such as ``lab/chain``: letters, digits, and ``. / - _``.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: How sure the person is that the interval holds the value, in [0.5, 1). Default 0.9.
        made: When it was made, ISO 8601, in UTC.
        outcome: The value, once it is known.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> print(Prediction("lab/chain", 0.78, 0.84, outcome=0.85))
        lab/chain: predicted 0.78 to 0.84 (90 %), found 0.85: outside, score 0.26
    """

    name: str
    low: float
    high: float
    level: float = 0.9
    made: str = ""
    outcome: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ParameterError(
                f"a prediction's name has letters, digits and ./-_ only, such as lab/chain, got {self.name!r}"
            )
        low, high = real(self.low), real(self.high)
        if low is None or high is None or low > high:
            raise ParameterError(
                f"a prediction needs two numbers, low <= high, got low={self.low!r} and high={self.high!r}"
            )
        if check_range("level", self.level, 0.5, 1.0) == 1:
            raise ParameterError(
                "level must be below 1: nobody is sure of a finite interval; 0.9 is the default"
            )
        outcome = real(self.outcome)
        if self.outcome is not None and outcome is None:
            raise ParameterError(f"the outcome of {self.name} must be a finite number, got {self.outcome!r}")
        for field, value in (("low", low), ("high", high), ("outcome", outcome)):
            object.__setattr__(self, field, value)  # numbers of numpy would not go into JSON

    @property
    def holds(self) -> bool | None:
        """Whether the interval holds the outcome; None before it is known."""
        return None if self.outcome is None else self.low <= self.outcome <= self.high

    @property
    def score(self) -> float | None:
        """The interval score; smaller is better. None before the outcome is known.

        It is the width of the interval, and 2/(1 - level) times the distance of an outcome outside of it. On average nobody
        gains by a narrower or wider interval than the one that they believe in (Gneiting and Raftery, J. Am. Stat. Assoc. 102,
        359 (2007), eq. 43).
        """
        if self.outcome is None:
            return None
        outside = max(self.low - self.outcome, self.outcome - self.high, 0.0)
        return self.high - self.low + 2 / (1 - self.level) * outside

    def __str__(self) -> str:
        said = f"{self.name}: predicted {self.low:g} to {self.high:g} ({100 * self.level:g} %)"
        if self.outcome is None:
            return said
        return f"{said}, found {self.outcome:.4g}: {'inside' if self.holds else 'outside'}, score {self.score:.3g}"


def predict(
    name: str, low: float, high: float, level: float = 0.9, directory: str | os.PathLike[str] | None = None
) -> Prediction:
    """Write down a prediction before a run. It cannot be changed afterwards.

    Args:
        name: What is predicted, such as ``lab/chain``.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: How sure you are that the interval holds the value, in [0.5, 1). Default 0.9.
        directory: Where ``predictions.json`` is kept. Default: ``$XDG_STATE_HOME/qnet-circuits``, or
            ``~/.local/state/qnet-circuits`` if the variable is not set.

    Raises:
        ParameterError: If a value is out of range, or there is a prediction of that name already.
        RecordError: If the file cannot be read or written.

    Example:
        >>> import tempfile
        >>> import qnet_circuits as qn
        >>> with tempfile.TemporaryDirectory() as lab:
        ...     _ = qn.teaching.predict("lab/chain", low=0.78, high=0.84, directory=lab)
        ...     found = qn.run(qn.RepeaterChain(hops=3, link_fidelity=0.93), "exact").fidelity
        ...     print(qn.teaching.score("lab/chain", found, directory=lab))
        lab/chain: predicted 0.78 to 0.84 (90 %), found 0.809: inside, score 0.06
    """
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    asked = Prediction(name, low, high, level, made)
    with _held(directory) as (kept, record):
        if name in kept:
            raise ParameterError(
                f"there is a prediction already, and it stays: {kept[name]}; choose another name"
            )
        _write(record, {**kept, name: asked})
    return asked


def score(
    name: str, outcome: float | Estimate, directory: str | os.PathLike[str] | None = None
) -> Prediction:
    """Write down the outcome of a prediction, and return the prediction with its score.

    Args:
        name: What was predicted.
        outcome: The value that was found, or its estimate.
        directory: Where ``predictions.json`` is kept, as for ``predict``.

    Raises:
        UnknownNameError: If nothing of that name was predicted.
        ParameterError: If it was scored already, or the outcome is no finite number.
        RecordError: If the file cannot be read or written.
    """
    with _held(directory) as (kept, record):
        if name not in kept:
            raise UnknownNameError("prediction", name, kept)
        if kept[name].outcome is not None:
            raise ParameterError(f"the prediction was scored already: {kept[name]}")
        if outcome is None:
            raise ParameterError(f"the outcome of {name} must be a finite number, got None")
        scored = replace(kept[name], outcome=outcome.value if isinstance(outcome, Estimate) else outcome)
        _write(record, {**kept, name: scored})
    return scored


def predictions(directory: str | os.PathLike[str] | None = None) -> tuple[Prediction, ...]:
    """Return all predictions, in the order in which they were made.

    Args:
        directory: Where ``predictions.json`` is kept, as for ``predict``.

    Raises:
        RecordError: If the file cannot be read.
    """
    return tuple(_read(Record(_place(directory))).values())


def _place(directory: str | os.PathLike[str] | None) -> Path:
    return state_home("predictions") if directory is None else Path(directory)


@contextmanager
def _held(directory: str | os.PathLike[str] | None) -> Iterator[tuple[dict[str, Prediction], Record]]:
    """Yield the predictions, and the record that keeps them, while no other process works on them."""
    place = _place(directory)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"predictions cannot be kept in {place}: {error.strerror}; give another directory"
        ) from None
    if not os.access(place, os.W_OK):
        raise RecordError(
            f"predictions cannot be kept in {place}: it is not writable; give another directory"
        )
    record = Record(place)
    with record.held():
        yield _read(record), record


def _read(record: Record) -> dict[str, Prediction]:
    """Return the predictions of a file by name; none if there is no file."""
    if not record.has(FILE):
        return {}
    plain = record.read_json(FILE)
    try:
        if plain["schema"] != SCHEMA:
            raise RecordError(
                f"{record.path / FILE} has schema {plain['schema']}, this version reads {SCHEMA}"
            )
        return {each["name"]: Prediction(**each) for each in plain["predictions"]}
    except (KeyError, TypeError, ParameterError) as error:
        raise RecordError(f"{record.path / FILE} is damaged: {error}; move it away to begin anew") from None


def _write(record: Record, kept: dict[str, Prediction]) -> None:
    plain: dict[str, Any] = {"schema": SCHEMA, "predictions": [asdict(each) for each in kept.values()]}
    record.write_json(FILE, plain)
