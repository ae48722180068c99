"""Mistakes in a protocol's own code, told in one line: what was raised, and where."""

from __future__ import annotations

import traceback
from collections.abc import Set
from typing import Any


def mistake(error: BaseException) -> str | None:
    """Return what a protocol that is not the package's own raised; None if what was raised is of another origin."""
    from qnet_circuits.programs.protocol import Protocol

    modules, classes = set(), [Protocol]
    while classes:
        cls = classes.pop()
        classes += cls.__subclasses__()
        modules.add(cls.__module__)
    foreign = {name for name in modules if name.partition(".")[0] != __name__.partition(".")[0]}
    where = _places(error, foreign)
    return f"the protocol's own code failed: {told(error, foreign)}; mend it there" if where else None


def told(error: BaseException, modules: Set[str]) -> str:
    """Return an exception, and the last place in some modules that it came through."""
    try:
        text = str(error)
    except Exception:  # Its text is somebody's code too.
        text = ""
    said = type(error).__name__ + (f": {text}" if text else "")
    places = _places(error, modules)
    return f"{said} ({places[-1].filename}, line {places[-1].lineno})" if places else said


def _places(error: BaseException, modules: Set[str]) -> list[Any]:
    """Return where in some modules an exception came through, outermost first."""
    through = [frame.f_globals.get("__name__") for frame, _ in traceback.walk_tb(error.__traceback__)]
    places = traceback.extract_tb(error.__traceback__)
    return [place for place, name in zip(places, through, strict=True) if name in modules]
