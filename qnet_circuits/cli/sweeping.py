"""``qnet sweep``: the file that defines a sweep, and the rows of the sweep."""

from __future__ import annotations

import os
import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from types import SimpleNamespace
from typing import Any

import click

from qnet_circuits.cli.files import network_in, save_picture
from qnet_circuits.cli.options import class_of, json_option, plot_option
from qnet_circuits.cli.output import Interrupted, show
from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.runs.options import OPTIONS
from qnet_circuits.version import VERSION

#: What a sweep's file says beside the options of its runs.
_KEYS = ("protocol", "parameters", "grid", "backend", "path", "level")
_NEEDED = ("protocol", "path")
_OPTIONS = tuple(name for name, option in OPTIONS.items() if "sweep" in option.verbs)
#: Keys whose values are tables.
_TABLES = ("parameters", "grid", "noise", "options")


@click.command()
@click.argument("file", type=click.Path())
@click.option(
    "--workers",
    type=int,
    metavar="N",
    help="Processes on this machine, this one among them.  [default: one for each core]",
)
@click.option("--figure", help="The figure to show.  [default: fidelity, or the first]")
@click.option(
    "--x", help="The horizontal axis of --plot.  [default: the first parameter with several values]"
)
@click.option("--by", help="The parameter with one line per value in --plot.  [default: the next parameter]")
@plot_option
@json_option
def sweep(
    file: str, workers: int | None, figure: str | None, x: str | None, by: str | None, plot: str | None, as_json: bool
) -> None:  # fmt: skip
    """Run every point of a sweep, and keep each as a row of one file.

    FILE is a TOML file with protocol and path (the file of rows). Optional entries are [grid] (lists of values of parameters
    and of options), [parameters] (fixed parameters), backend (a name or a list), level, and options of qnet run by their names
    in Python. A repeated command runs only the missing points.
    """
    from qnet_circuits.runs.results.tables import table
    from qnet_circuits.runs.sweeps.sweep import sweep as sweep_
    from qnet_circuits.runs.sweeps.work import GO_ON

    said = _read(file)
    cls = _protocol(said)
    varied = _grid(said, cls)
    vary = {name: values for name, values in varied.items() if _is_option(name, cls)}
    protocols = _protocols(said, cls, {name: varied[name] for name in varied if name not in vary})
    options = {name: said[name] for name in ("backend", "level", *_OPTIONS) if name in said}
    axis, by = (x or "", by) if plot is None else _drawn(varied, said.get("backend"), x, by)
    try:
        rows = sweep_(protocols, path=said["path"], vary=vary, executor=workers, **options)
    except KeyboardInterrupt as stopped:
        known = f": {str(stopped).removesuffix(GO_ON)}" if str(stopped) else ""
        raise Interrupted(f"interrupted{known}; continue with: qnet sweep {shlex.quote(file)}") from None
    shown = table(rows.table(figure))
    save_picture(SimpleNamespace(plot=partial(rows.plot, axis, figure, by)), plot)
    plain = {"schema": 1, "version": VERSION, "path": said["path"], "rows": list(rows)}
    show(plain if as_json else shown)


def _read(file: str) -> dict[str, Any]:
    """Return the content of a sweep's file, which may have only known keys."""
    try:
        with open(file, "rb") as opened:
            said = tomllib.load(opened)
    except OSError as error:
        raise ParameterError(f"{file} cannot be read: {error.strerror}; give a TOML file") from None
    except ValueError as error:
        raise ParameterError(f"{file} is not a TOML file: {error}") from None
    for key in said:
        check_name(f"key in {file}", key, (*_KEYS, *_OPTIONS))
    for key in _NEEDED:
        if not isinstance(said.get(key), str):
            raise ParameterError(f'{file} must have {key}, as in {key} = "...", got {said.get(key)!r}')
    for key in _TABLES:
        if not isinstance(said.get(key, {}), Mapping):
            raise ParameterError(f"{key} in {file} must be a table, as in [{key}], got {said[key]!r}")
    return said


def _protocol(said: Mapping[str, Any]) -> Any:
    """Return the class of the protocol that a sweep's file names."""
    if ".py:" in said["protocol"]:
        # Other processes, which have the same path, import the file by its name.
        sys.path.append(os.path.dirname(os.path.abspath(said["protocol"].rpartition(":")[0])))
    return class_of(said["protocol"])


def _is_option(name: str, cls: Any) -> bool:
    """Return whether a name in [grid] is an option, or a term of an option. Parameters have precedence."""
    return name.partition(".")[0] in _OPTIONS and name not in {field.name for field in fields(cls)}


def _grid(said: Mapping[str, Any], cls: Any) -> dict[str, Any]:
    """Return the lists of values in [grid] by name; terms of an option that is a table have dotted names."""
    found: dict[str, Any] = {}
    for name, values in said.get("grid", {}).items():
        terms = isinstance(values, Mapping) and _is_option(name, cls)
        found.update({f"{name}.{term}": each for term, each in values.items()} if terms else {name: values})
    return found


def _protocols(said: Mapping[str, Any], cls: Any, varied: Mapping[str, Any]) -> Any:
    """Return the protocols of a sweep's file."""
    from qnet_circuits.runs.sweeps.sweep import grid

    fixed = {name: [value] for name, value in said.get("parameters", {}).items()}
    if twice := sorted(set(fixed) & set(varied)):
        raise ParameterError(f"[parameters] and [grid] both have {', '.join(twice)}; give it only once")
    if isinstance(network := fixed.get("network", [None])[0], str):
        fixed["network"] = [network_in(network)]
    return grid(cls, **fixed, **varied)


def _drawn(varied: Mapping[str, Any], backend: Any, x: str | None, by: str | None) -> tuple[str, str | None]:
    """Return the horizontal axis and the lines of a sweep's plot. The default axis is the first name with numbers as values."""
    several = {name: each for name, each in varied.items() if isinstance(each, list) and len(each) > 1}
    names = [name for name in several if name not in (x, by)]
    if x is None:
        x = next((name for name in names if all(_is_number(each) for each in several[name])), None)
    if x is None:
        raise ParameterError(
            "--plot needs a parameter with several numbers in [grid], or --x with the name of one"
        )
    lines = [name for name in names if name != x]
    if isinstance(backend, list) and len(backend) > 1:
        lines.append("backend")
    return x, by or next(iter(lines), None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
