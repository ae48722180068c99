"""``qnet``: the Python verbs on the command line, for people by default and for programs with ``--json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from qnet_circuits.cli.devices import devices
from qnet_circuits.errors import BackendError, ParameterError, QnetError, RecordError

WRONG_INPUT, BACKEND_FAILED, INTERRUPTED = 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 2 wrong input, 3 the backend failed, 130 Ctrl-C."""
    try:
        qnet.main(args=arguments, prog_name="qnet", standalone_mode=False)
        status = 0
    except click.exceptions.Exit as exit_:
        status = exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        status = 0
    except click.ClickException as error:
        status = _say(error.format_message(), WRONG_INPUT)
    except BackendError as error:
        status = _say(str(error), BACKEND_FAILED)
    except QnetError as error:
        status = _say(str(error), WRONG_INPUT)
    except (KeyboardInterrupt, click.Abort):
        status = _say("interrupted", INTERRUPTED)
    sys.exit(status)


def _say(message: str, status: int) -> int:
    """Print one line on stderr and return the status."""
    click.echo("qnet: " + " ".join(message.split()), err=True)
    return status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qnet-circuits", prog_name="qnet")
def qnet() -> None:
    """Quantum-network protocols, written once and run ideal, noisy and on processors."""


qnet.add_command(devices)


@qnet.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(as_json: bool) -> None:
    """List the protocols."""
    from qnet_circuits.protocol import protocol_class, protocol_names, summary

    listed = {name: summary(protocol_class(name)) for name in protocol_names()}
    if as_json:
        click.echo(json.dumps({"schema": 1, "protocols": listed}))
        return
    width = max(map(len, listed))
    for name, line in listed.items():
        click.echo(f"{name.ljust(width)}  {line}")


@qnet.command()
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the protocol.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def describe(name: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Say what a protocol assumes, costs, and where it comes from."""
    import inspect

    import numpy as np

    protocol = _protocol(name, settings)
    program = protocol.program(np.random.default_rng(0))
    text = inspect.cleandoc(type(protocol).__doc__ or "")
    figures = [figure.name for figure in program.figures]
    if as_json:
        plain = {
            "schema": 1, "protocol": protocol.name, "parameters": protocol.parameters, "description": text,
            "circuits": len(program.items), "figures": figures, "bounds": protocol.bounds,
            "resources": program.resources,
        }  # fmt: skip
        click.echo(json.dumps(plain))
        return
    click.echo(f"{protocol.id}\n\n{text}\n")
    click.echo(f"circuits: {len(program.items)}\nfigures: {', '.join(figures)}")
    for key, value in program.resources.items():
        click.echo(f"{key.replace('_', ' ')}: {value}")


@qnet.command()
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the protocol.")
@click.option("--on", "backend", default="ideal", show_default=True, help="ideal, aer, aer:<device or file>.")
@click.option("--shots", type=int, help="Shots for each circuit.  [default: 4096]")
@click.option(
    "--seed", type=int, help="Decides on everything drawn at random.  [default: drawn, and reported]"
)
@click.option("--corrections", default="auto", show_default=True,
              help="auto, frame, feedforward, postselect, coherent or none.")  # fmt: skip
@click.option("--optimization-level", type=int, default=2, show_default=True, help="Qiskit's, 0 to 3.")
@click.option("--layout", help="auto, or physical qubits: q0,q1,...")
@click.option("--carrier", default="relabel", show_default=True, help="relabel, swap or teleport.")
@click.option("--emulate-links", is_flag=True, help="Sample the links' own noise in software.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence level of intervals.")
@click.option("--keep-outcomes", is_flag=True, help="With --json: add the corrected outcomes' counts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--out", type=click.Path(), metavar="DIR", help="Keep the run in a new directory.")
@click.option("--plot", type=click.Path(), metavar="FILE", help="Save a picture of the figures.")
def run(
    name: str, settings: tuple[str, ...], backend: str, layout: str | None, level: float, keep_outcomes: bool,
    as_json: bool, out: str | None, plot: str | None, **options: Any,
) -> None:  # fmt: skip
    """Run a protocol: NAME is registered, or FILE.py:Class."""
    from qnet_circuits.running import submit

    protocol = _protocol(name, settings)
    if keep_outcomes and not as_json:
        raise ParameterError("--keep-outcomes adds counts to the JSON object; give --json too, or --out DIR")
    if plot is not None:
        _check_picture(plot)
    options["emulate_links"] = bool(options["emulate_links"])
    prepared = submit(protocol, backend, layout=_layout(layout), path=out, **options)
    result = prepared.result(level)
    plain = result.to_dict()
    if keep_outcomes:
        plain["outcomes"] = {item: _counts(registers) for item, registers in prepared.outcomes()}
    if plot is not None:
        _save_picture(result, plot)
    click.echo(json.dumps(plain) if as_json else str(result))


@qnet.command()
@click.argument("directory", type=click.Path())
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence level of intervals.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plot", type=click.Path(), metavar="FILE", help="Save a picture of the figures.")
def replay(directory: str, level: float, as_json: bool, plot: str | None) -> None:
    """Analyse the stored outcomes of a run again, without running anything."""
    from qnet_circuits.running import replay as replay_

    if plot is not None:
        _check_picture(plot)
    result = replay_(directory, level)
    if plot is not None:
        _save_picture(result, plot)
    click.echo(json.dumps(result.to_dict()) if as_json else str(result))


def _protocol(name: str, settings: Sequence[str]) -> Any:
    """Return the protocol of a name, or of a class in a file, with its parameters."""
    from qnet_circuits.protocol import protocol_class

    cls = _class_in_file(name) if ".py:" in name else protocol_class(name)
    return cls.from_parameters(**_settings(settings))


def _class_in_file(name: str) -> Any:
    import importlib.util

    from qnet_circuits.protocol import Protocol

    file, _, class_name = name.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise ParameterError(f"there is no file {file}; give FILE.py:Class")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ParameterError(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
    cls = getattr(module, class_name, None)
    if not (isinstance(cls, type) and issubclass(cls, Protocol)):
        raise ParameterError(f"{file} has no protocol class {class_name!r}")
    return cls


def _settings(settings: Sequence[str]) -> dict[str, Any]:
    """Return KEY=VALUE pairs with values read as JSON where they are JSON, as text otherwise."""
    parsed: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise ParameterError(f"--set takes KEY=VALUE, got {setting!r}")
        if key in parsed:
            raise ParameterError(f"--set gives {key} twice; give it once")
        try:
            parsed[key] = json.loads(value)
        except RecursionError:
            raise ParameterError(f"--set {key}: the value is nested too deeply") from None
        except ValueError:
            parsed[key] = value
    return parsed


def _layout(text: str | None) -> list[int] | str | None:
    if text is None or text == "auto":
        return text
    try:
        return [int(qubit) for qubit in text.split(",")]
    except ValueError:
        raise ParameterError(f"--layout takes auto, or qubits such as 0,1,2, got {text!r}") from None


def _counts(registers: Any) -> dict[str, dict[str, int]]:
    """Return, for each register, how often each value came, bit 0 rightmost."""
    import numpy as np

    counted = {}
    for register, bits in registers.items():
        values, counts = np.unique(bits, axis=0, return_counts=True)
        texts = ("".join("1" if bit else "0" for bit in value[::-1]) for value in values)
        counted[register] = dict(zip(texts, counts.tolist(), strict=True))
    return counted


def _check_picture(file: str) -> None:
    """Refuse a picture that could not be saved, before anything runs."""
    path = Path(file)
    known = (".png", ".pdf", ".svg", ".jpg")
    if path.suffix.lower() not in known:
        raise ParameterError(f"--plot takes a file that ends in {', '.join(known)}, got {file!r}")
    if not path.resolve().parent.is_dir():
        raise RecordError(f"--plot: there is no directory {path.resolve().parent}")


def _save_picture(result: Any, file: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    figure = result.plot().figure
    try:
        figure.savefig(file, dpi=150, bbox_inches="tight")
    except OSError as error:
        raise RecordError(f"--plot cannot write {file}: {error.strerror}") from None


if __name__ == "__main__":
    main()
