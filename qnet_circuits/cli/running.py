"""``qnet run``, ``predict``, ``fetch`` and ``replay``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from qnet_circuits.cli.options import (
    check_picture,
    compiling_options,
    json_option,
    layout_of,
    level_option,
    memory_of,
    memory_option,
    name_argument,
    noise_of,
    out_option,
    plot_option,
    protocol_of,
    save_picture,
    set_option,
)
from qnet_circuits.errors import ParameterError


class Interrupted(Exception):
    """Ctrl-C while a run was going on; says how to go on, if its directory keeps it."""


@contextmanager
def _interruptible(run: Any) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        where = "" if run.path is None else f"; go on with: qnet fetch {shlex.quote(str(run.path))}"
        raise Interrupted(f"interrupted{where}") from None


def _print(result: Any, as_json: bool, plot: str | None, **more: Any) -> None:
    save_picture(result, plot)
    click.echo(json.dumps({**result.to_dict(), **more}) if as_json else str(result))


@click.command()
@name_argument
@set_option
@click.option("--on", "backend", default="ideal", show_default=True,
              help="ideal, aer, aer:<device or file>, exact, exact:<device or file>.")  # fmt: skip
@click.option("--shots", type=int, help="Shots for each circuit.  [default: 4096]")
@compiling_options
@click.option("--emulate-links", is_flag=True, help="Sample the links' own noise in software.")
@click.option("--predict/--no-predict", default=None,
              help="Put exact figures beside sampled ones.  [default: on a device, if the program is small]")  # fmt: skip
@level_option
@click.option("--keep-outcomes", is_flag=True, help="With --json: add the corrected outcomes' counts.")
@json_option
@out_option
@plot_option
def run(
    name: str, settings: tuple[str, ...], backend: str, layout: str | None, noise: tuple[str, ...], level: float,
    keep_outcomes: bool, as_json: bool, out: str | None, plot: str | None, **options: Any,
) -> None:  # fmt: skip
    """Run a protocol: NAME is registered, or FILE.py:Class."""
    from qnet_circuits.running import submit

    protocol = protocol_of(name, settings)
    if keep_outcomes and not as_json:
        raise ParameterError("--keep-outcomes adds counts to the JSON object; give --json too, or --out DIR")
    check_picture(plot)
    prepared = submit(protocol, backend, layout=layout_of(layout), noise=noise_of(noise), path=out, **options)
    more = {}
    with _interruptible(prepared):
        result = prepared.result(level)
        if keep_outcomes:
            more["outcomes"] = {item: _counts(registers) for item, registers in prepared.outcomes()}
    _print(result, as_json, plot, **more)


@click.command()
@name_argument
@set_option
@click.option(
    "--on", "device", help="A device, or a snapshot's file.  [default: none, the links' noise only]"
)
@compiling_options
@memory_option
@json_option
@out_option
@plot_option
def predict(
    name: str, settings: tuple[str, ...], device: str | None, layout: str | None, noise: tuple[str, ...],
    memory_gib: float, seed: int | None, as_json: bool, out: str | None, plot: str | None, **options: Any,
) -> None:  # fmt: skip
    """Compute a protocol's figures exactly, without sampling: NAME is registered, or FILE.py:Class."""
    from qnet_circuits.running import exact_backend, submit

    protocol = protocol_of(name, settings)
    check_picture(plot)
    prepared = submit(
        protocol, exact_backend(device, memory_of(memory_gib)), noise=noise_of(noise), layout=layout_of(layout),
        seed=0 if seed is None else seed, path=out, **options,
    )  # fmt: skip
    with _interruptible(prepared):
        result = prepared.result()
    _print(result, as_json, plot)


@click.command()
@click.argument("directory", type=click.Path())
@level_option
@json_option
@plot_option
def fetch(directory: str, level: float, as_json: bool, plot: str | None) -> None:
    """Go on with a run that was interrupted, and print its figures."""
    from qnet_circuits.running import open_run

    check_picture(plot)
    opened = open_run(directory)
    with _interruptible(opened):
        result = opened.result(level)
    _print(result, as_json, plot)


@click.command()
@click.argument("directory", type=click.Path())
@level_option
@json_option
@plot_option
def replay(directory: str, level: float, as_json: bool, plot: str | None) -> None:
    """Analyse the stored outcomes of a run again, without running anything."""
    from qnet_circuits.running import replay as replay_

    check_picture(plot)
    _print(replay_(directory, level), as_json, plot)


def _counts(registers: Any) -> dict[str, dict[str, int]]:
    """Return, for each register, how often each value came, bit 0 rightmost."""
    import numpy as np

    counted = {}
    for register, bits in registers.items():
        values, counts = np.unique(bits, axis=0, return_counts=True)
        texts = ("".join("1" if bit else "0" for bit in value[::-1]) for value in values)
        counted[register] = dict(zip(texts, counts.tolist(), strict=True))
    return counted
