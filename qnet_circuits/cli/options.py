"""Arguments of several commands: a protocol with its parameters, and the options of a run."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from qnet_circuits.cli.files import check_picture, network_in, save_key, save_picture
from qnet_circuits.cli.mistakes import told
from qnet_circuits.cli.output import Interrupted, show
from qnet_circuits.errors import ParameterError
from qnet_circuits.runs.options import OPTIONS, RunOptions

#: Exit status if the run succeeded but the protocol aborted; for example, a key was refused.
REFUSED = 1
_F = TypeVar("_F", bound=Callable[..., Any])


def takes_protocol(
    verb: str, *own: Callable[[Any], Any], runs: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command a protocol and the options of a run that a verb takes.

    The command is called with the protocol and with ``options``, as ``RunOptions`` declares them for the verb.

    Args:
        verb: The verb.
        *own: Options of the command that come before these options in the help text.
        runs: Whether the command also takes the directory of a run. It is then called with the path and the given options.
    """
    taken = [
        each for each in dataclasses.fields(RunOptions) if each.metadata and verb in OPTIONS[each.name].verbs
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def inner(name: str, settings: tuple[str, ...], **given: Any) -> None:
            stored = runs and os.path.isfile(os.path.join(name, "manifest.json"))
            if stored and settings:
                raise ParameterError(
                    f"--set needs a protocol, and {name} is the directory of a run; leave --set out"
                )
            protocol = Path(name) if stored else protocol_of(name, settings)
            options = {each.name: given.pop(each.name) for each in taken}
            if stored:
                options = {
                    each.name: options[each.name] for each in taken if options[each.name] != each.default
                }
            if (only := given.pop("mitigate_only", None)) is not None:
                options["mitigate"] = only.split(",")
            command(protocol, options=options, **given)

        more = [mitigate_only_option] if any(each.name == "mitigate" for each in taken) else []
        for option in reversed((name_argument, set_option, *own, *map(_option, taken), *more)):
            inner = option(inner)
        return inner

    return decorate


def _option(each: dataclasses.Field[Any]) -> Callable[[_F], _F]:
    said = OPTIONS[each.name]
    flag = said.flag or f"--{each.name.replace('_', '-')}"
    more: dict[str, Any] = {"default": each.default, "help": said.help}
    if each.default is False:
        more["is_flag"] = True
    elif said.shown == "KEY=VALUE":
        more.update(multiple=True, default=(), metavar=said.shown)
    elif "/" not in flag:
        kinds = {"int": int, "float": float}
        more.update(type=kinds.get(str(each.type).partition(" ")[0], str), metavar=said.shown)
        more["show_default"] = each.default is not None
    if read := _READ.get(each.name):
        more["callback"] = lambda _, __, given: read(given)
    return click.option(flag, each.name, **more)


def _bytes(_: Any, __: Any, gib: float) -> float:
    if not gib > 0:
        raise ParameterError(f"--memory-gib takes a number above 0, got {gib}")
    return gib * 2**30


name_argument = click.argument("name")
set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the protocol; may be repeated. For a network, give a file of Network.to_json, or the JSON itself.",
)
mitigate_only_option = click.option(
    "--mitigate-only",
    metavar="BITS",
    help="Like --mitigate, but only for these registers and bits, such as out,swap[0].",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
compare_option = click.option(
    "--compare",
    is_flag=True,
    help="Print figures side by side with controls, prediction, ideal, theory and bounds; also in the plot.",
)
plot_option = click.option(
    "--plot", type=click.Path(), metavar="FILE", callback=check_picture, help="Save a plot of the figures."
)
level_option = click.option(
    "--level",
    type=float,
    default=0.95,
    show_default=True,
    help="Confidence level of the intervals, such as 0.99.",
)
out_option = click.option("--out", type=click.Path(), metavar="DIR", help="Keep the run in a new directory.")
memory_option = click.option(
    "--memory-gib",
    "memory",
    type=float,
    callback=_bytes,
    default=2.0,
    show_default=True,
    help="The most memory that a computation may take.",
)


def takes_result(command: _F) -> _F:
    """Give a command the options for printing the result of a stored run."""
    key = click.option(
        "--key-out",
        type=click.Path(),
        metavar="FILE",
        help="Write the secret key, or the certified random bits, to a new file that only you may read.",
    )
    return level_option(compare_option(json_option(plot_option(key(command)))))


def protocol_of(name: str, settings: Sequence[str]) -> Any:
    """Return the protocol of a name, or of a class in a file, with its parameters."""
    from qnet_circuits.programs.protocol import Protocol

    cls = class_of(name)
    given = pairs("--set", settings)
    if isinstance(given.get("network"), str):
        given["network"] = network_in(given["network"])
    protocol = cls.from_parameters(**given)
    if not isinstance(protocol, Protocol):
        raise ParameterError(f"{name}: from_parameters must return a protocol, got {protocol!r}")
    return protocol


def class_of(name: str) -> Any:
    """Return the protocol class of a name, or of FILE.py:Class."""
    from qnet_circuits.programs.registry import protocol_class

    return _class_in_file(name) if ".py:" in name else protocol_class(name)


def _class_in_file(name: str) -> Any:
    import importlib.util

    from qnet_circuits.programs.protocol import Protocol

    file, _, class_name = name.rpartition(":")
    path = Path(file)
    if not os.path.isfile(file):
        raise ParameterError(f"there is no file {file}; give an existing file as FILE.py:Class")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
        cls = getattr(module, class_name, None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # A file may leave by SystemExit too, as a script does.
        raise ParameterError(f"{file} cannot be imported: {told(error, [file])}") from error
    if not (isinstance(cls, type) and issubclass(cls, Protocol)):
        raise ParameterError(f"{file} has no protocol class {class_name!r}")
    return cls


def pairs(option: str, given: Sequence[str]) -> dict[str, Any]:
    """Return KEY=VALUE pairs of an option. Values are read as JSON if they are JSON, and as text otherwise."""
    parsed: dict[str, Any] = {}
    for setting in given:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise ParameterError(f"{option} takes KEY=VALUE, got {setting!r}")
        if key in parsed:
            raise ParameterError(f"{option} gives {key} twice; give it only once")
        try:
            parsed[key] = json.loads(value)
        except RecursionError:
            raise ParameterError(f"{option} {key}: the value is nested too deeply") from None
        except ValueError:
            parsed[key] = value
    return parsed


def noise_of(given: Sequence[str]) -> Any:
    """Return the description of noise of ``--noise``, or None."""
    from qnet_circuits.devices.device_noise import DeviceNoise

    return DeviceNoise.from_parameters(**pairs("--noise", given)) if given else None


def copies_of(text: str) -> int | str:
    """Return a number of copies, or max, from text."""
    return int(text) if text.lstrip("-").isdecimal() else text


def layout_of(text: str | None) -> list[int] | list[list[int]] | str | None:
    """Return a layout from text: auto, predicted, qubits, qubits of several copies, or the directory of a run."""
    if text is None or text in ("auto", "predicted") or os.path.isdir(text):
        return text
    try:
        each = [[int(qubit) for qubit in copy.split(",")] for copy in text.split(";")]
        return each[0] if len(each) == 1 else each
    except ValueError:
        raise ParameterError(
            "--layout takes auto, predicted, qubits such as 0,1,2 (of copies 0,1;4,5), or the directory of a link benchmark's "
            f"run, got {text!r}"
        ) from None


#: How options whose values have parts are read of what the command line gave as text.
_READ: dict[str, Callable[[Any], Any]] = {
    "copies": copies_of, "noise": noise_of, "layout": layout_of, "options": partial(pairs, "--option"),
}  # fmt: skip


@contextmanager
def go_on(directory: str | Path | None, verb: str = "fetch", new: bool = False) -> Iterator[None]:
    """Say how to continue the run in a directory, if Ctrl-C comes in the body of the ``with``.

    Args:
        directory: The directory, or None for a run in memory.
        verb: The command that continues the run.
        new: Whether the body makes the run. A run that existed before is not one to continue.
    """
    # Unlike a Path, os.path says of a name that is too long that it does not exist.
    manifest = "" if directory is None else os.path.join(directory, "manifest.json")
    foreign = new and os.path.exists(manifest)
    try:
        yield
    except KeyboardInterrupt:
        kept = os.path.exists(manifest) and not foreign
        where = f"; continue with: qnet {verb} {shlex.quote(str(directory))}" if kept else ""
        raise Interrupted(f"interrupted{where}") from None


def print_result(
    result: Any,
    as_json: bool,
    plot: str | None,
    key_out: str | None = None,
    compare: bool = False,
    **more: Any,
) -> None:
    """Print a result or its comparison, as text or JSON, and save its plot and key. Exit with 1 if the protocol aborted."""
    shown = result.compare() if compare else result
    if compare:
        more["comparison"] = shown.to_dict()
    save_picture(shown, plot)
    save_key(result, key_out)
    show({**result.to_dict(), **more} if as_json else str(shown))
    if result.refused is not None:
        raise click.exceptions.Exit(REFUSED)
