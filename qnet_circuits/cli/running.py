"""``qnet run``, ``predict`` and ``replay``."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.options import (
    asked,
    check_key_file,
    check_picture,
    compare_option,
    go_on_in,
    go_on_with,
    json_option,
    key_option,
    level_option,
    memory_of,
    memory_option,
    name_argument,
    options_of,
    out_option,
    plot_option,
    print_result,
    protocol_of,
    set_option,
)
from qnet_circuits.errors import ParameterError


@click.command()
@name_argument
@set_option
@click.option("--on", "backend", default="ideal", show_default=True,
              help="ideal, aer, aer:<device or file>, exact, exact:<device or file>, local:<device>; "
                   "ibm:<processor> has qnet submit.")  # fmt: skip
@options_of("run")
@level_option
@click.option("--keep-outcomes", is_flag=True, help="With --json: add how often each outcome came.")
@key_option
@compare_option
@json_option
@out_option
@plot_option
def run(
    name: str, settings: tuple[str, ...], backend: str, level: float,
    keep_outcomes: bool, key_out: str | None, compare: bool, as_json: bool,
    out: str | None, plot: str | None, **options: Any,
) -> None:  # fmt: skip
    """Run a protocol and print its figures.

    NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.runs.verbs import submit

    if backend.startswith("ibm:"):
        raise ParameterError(
            f"{backend} costs processor time: qnet submit {name} --on {backend} --max-qpu-seconds S --out DIR, then qnet fetch"
        )
    protocol = protocol_of(name, settings)
    if keep_outcomes and not as_json:
        raise ParameterError("--keep-outcomes adds counts to the JSON object; give --json too, or --out DIR")
    if keep_outcomes and protocol.secret_outcomes:
        raise ParameterError(f"the outcomes of {protocol.name} are key material; leave --keep-outcomes out")
    check_picture(plot)
    check_key_file(key_out, protocol, options["seed"] is not None)
    with go_on_in(out):
        prepared = submit(
            protocol,
            backend,
            path=out,
            **asked(options),
        )
    more = {}
    with go_on_with(prepared):
        result = prepared.result(level)
        if keep_outcomes:
            more["outcomes"] = {item: _counts(registers) for item, registers in prepared.outcomes()}
    print_result(result, as_json, plot, key_out, compare, **more)


@click.command()
@name_argument
@set_option
@click.option(
    "--on", "device", help="A stand-in device, or a snapshot's file.  [default: none, the links' noise only]"
)
@options_of("predict")
@memory_option
@compare_option
@json_option
@out_option
@plot_option
def predict(
    name: str, settings: tuple[str, ...], device: str | None,
    memory_gib: float, compare: bool, as_json: bool, out: str | None, plot: str | None, **options: Any,
) -> None:  # fmt: skip
    """Compute a protocol's figures exactly, without sampling.

    NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.backends.registry import exact_of
    from qnet_circuits.runs.verbs import submit

    protocol = protocol_of(name, settings)
    check_picture(plot)
    prepared = submit(
        protocol, exact_of(device, memory_of(memory_gib)), path=out,
        **{**asked(options), "seed": options["seed"] or 0},
    )  # fmt: skip
    with go_on_with(prepared):
        result = prepared.result()
    print_result(result, as_json, plot, compare=compare)


@click.command()
@click.argument("directory", type=click.Path())
@level_option
@compare_option
@key_option
@json_option
@plot_option
def replay(
    directory: str, level: float, compare: bool, key_out: str | None, as_json: bool, plot: str | None
) -> None:
    """Analyse a run's stored outcomes again.

    Nothing is run, and neither a network nor an account is needed.
    """
    from qnet_circuits.runs.opening import open_run
    from qnet_circuits.runs.opening import replay as replay_

    check_picture(plot)
    check_key_file(key_out, seeded=key_out is not None and open_run(directory).seeded)
    print_result(replay_(directory, level), as_json, plot, key_out, compare)


def _counts(registers: Any) -> dict[str, dict[str, int]]:
    """Return, for each register, how often each value came, bit 0 rightmost."""
    import numpy as np

    counted = {}
    for register, bits in registers.items():
        values, counts = np.unique(bits, axis=0, return_counts=True)
        texts = ("".join("1" if bit else "0" for bit in value[::-1]) for value in values)
        counted[register] = dict(zip(texts, counts.tolist(), strict=True))
    return counted
