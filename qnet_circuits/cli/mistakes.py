"""Errors in a protocol's own code, reported in one line: the exception and its place."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable
from typing import Any


def mistake(error: BaseException, files: Iterable[str] = ()) -> str | None:
    """Return the error message for an exception of code outside the package; None if the exception has another origin.

    Args:
        error: The exception.
        files: Named files of protocols. The files of registered protocol classes are known without.
    """
    own = {*files, *_files_of_protocols()}
    if _places(error, own):
        return f"the protocol's own code failed: {told(error, own)}; correct it there"
    if isinstance(
        error, SystemExit
    ):  # Nothing here leaves in this way, least of all with the status of success.
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"the work was left by SystemExit ({last.filename}, line {last.lineno}); raise an error there instead"
    return None


def _files_of_protocols() -> set[str]:
    """Return the files of protocol classes outside the package."""
    from qnet_circuits.programs.protocol import Protocol

    names, classes = set(), [Protocol]
    while classes:
        cls = classes.pop()
        classes += cls.__subclasses__()
        names.add(cls.__module__)
    # A class that type() made says that it is of the standard library's.
    not_own = {__name__.partition(".")[0], *sys.stdlib_module_names} - {"__main__"}
    foreign = [sys.modules.get(name) for name in names if name.partition(".")[0] not in not_own]
    return {file for module in foreign if (file := getattr(module, "__file__", None))}


def told(error: BaseException, files: Iterable[str]) -> str:
    """Return an exception as text, with the last place in some files that it passed through."""
    try:
        text = str(error)
    except Exception:  # Its text is somebody's code too.
        text = ""
    said = type(error).__name__ + (f": {text}" if text else "")
    places = _places(error, files)
    return f"{said} ({places[-1].filename}, line {places[-1].lineno})" if places else said


def _places(error: BaseException, files: Iterable[str]) -> list[Any]:
    """Return the places in some files that an exception passed through, outermost first."""
    known = set(map(os.path.realpath, files))
    return [
        place
        for place in traceback.extract_tb(error.__traceback__)
        if os.path.realpath(place.filename) in known
    ]
