"""The output of commands: complete or not at all, for any stdout, and without the output of libraries."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

import click

from qnet_circuits.devices.files import finite
from qnet_circuits.errors import ParameterError

WRONG_INPUT, BACKEND_FAILED, NOT_FINISHED, INTERRUPTED, READER_GONE = 2, 3, 4, 130, 141
#: Variables by which somebody asks for the log of IBM's client.
_LOGGING = ("QISKIT_IBM_RUNTIME_LOG_LEVEL", "QISKIT_IBM_RUNTIME_LOG_FILE")


class Interrupted(Exception):
    """Ctrl-C during a command. The message says how to continue, if anything is kept."""


class Printed(io.StringIO):
    """The output of a command. It is held until the command has ended; a command without an end releases it earlier."""

    def __init__(self) -> None:
        super().__init__()
        self._stdout = sys.stdout

    def release(self, code: int = 0) -> int:
        """Write the held output to stdout. Return the status, or another status if stdout cannot be written."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return write_out(text, code, self._stdout)


def show_now(said: str) -> None:
    """Print a text at once.

    Raises:
        Exit: If stdout cannot be written.
    """
    show(said)
    if code := click.get_current_context().obj.release():
        raise click.exceptions.Exit(code)


def show(said: str | Mapping[str, Any]) -> None:
    """Print a text, or plain values as one JSON object. The output reaches stdout when the command has ended."""
    context = click.get_current_context(silent=True)
    try:
        text = said if isinstance(said, str) else json.dumps(finite(said), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"--json takes plain values (numbers, text, lists, mappings) as fields of a protocol: {error}; leave --json out"
        ) from None
    click.echo(text, file=context.obj if context else None)


def aside(command: Callable[..., Any]) -> Callable[..., Any]:
    """Send all other output during a command, for example of a protocol's own code, to stderr.

    Raises:
        Interrupted: At Ctrl-C, before click prints its own line.
    """

    @functools.wraps(command)
    def inner(*arguments: Any, **options: Any) -> Any:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                return command(*arguments, **options)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None

    return inner


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide warnings and logs of libraries, unless the user enabled them.

    Important facts are in a result's notes, and each error is one line.
    """
    with warnings.catch_warnings(action=None if sys.warnoptions else "ignore"):
        before = logging.root.manager.disable
        if not any(name in os.environ for name in _LOGGING):
            logging.disable()
        try:
            yield
        finally:
            logging.disable(before)


def complain(message: str, code: int) -> int:
    """Print one line on stderr, if stderr is open, and return the status."""
    try:
        click.echo("qnet: " + printable(" ".join(message.split())), err=True)
    except OSError:
        _leave(sys.stderr)
    return code


def write_out(text: str, code: int, stream: TextIO | None) -> int:
    r"""Write the output of a command to stdout. Return the status, or another status if stdout cannot be written.

    A character that stdout's encoding lacks is written as Python writes it, such as ``\u03b5``.
    """
    if stream is None or not text:
        return code
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        stream.write(printable(text).encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _leave(stream)
        return READER_GONE
    except OSError as error:
        _leave(stream)
        return complain(
            f"the command has finished, but stdout cannot be written: {error.strerror}; redirect it to another place",
            WRONG_INPUT,
        )
    return code


def printable(text: str) -> str:
    r"""Return a text with the control characters of terminals written as Python writes them, such as ``\u001b``."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text)


def _leave(stream: TextIO) -> None:
    """Discard the content that a stream still holds, so that Python does not try to write it again at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
