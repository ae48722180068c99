"""``qnet run``, ``predict`` and ``replay``."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.files import check_key_file
from qnet_circuits.cli.options import (
    compare_option,
    go_on_in,
    go_on_with,
    json_option,
    key_option,
    level_option,
    memory_option,
    out_option,
    plot_option,
    print_result,
    takes_protocol,
    takes_result,
)
from qnet_circuits.errors import ParameterError


@click.command()
@takes_protocol(
    "run",
    click.option(
        "--on",
        "backend",
        default="ideal",
        show_default=True,
        help="ideal, aer, aer:<device or file>, exact, exact:<device or file>, local:<device>; "
        "ibm:<processor> has qnet submit.",
    ),
)
@level_option
@click.option("--keep-outcomes", is_flag=True, help="With --json: add how often each outcome came.")
@key_option
@compare_option
@json_option
@out_option
@plot_option
def run(
    protocol: Any, options: dict[str, Any], backend: str, level: float,
    keep_outcomes: bool, key_out: str | None, out: str | None, **shown: Any,
) -> None:  # fmt: skip
    """Run a protocol and print its figures.

    NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.runs.verbs import submit

    if backend.startswith("ibm:"):
        name = click.get_current_context().params["name"]
        raise ParameterError(
            f"{backend} costs processor time: qnet submit {name} --on {backend} --max-qpu-seconds S --out DIR, then qnet fetch"
        )
    if keep_outcomes and not shown["as_json"]:
        raise ParameterError("--keep-outcomes adds counts to the JSON object; give --json too, or --out DIR")
    if keep_outcomes and protocol.secret_outcomes:
        raise ParameterError(f"the outcomes of {protocol.name} are key material; leave --keep-outcomes out")
    check_key_file(key_out, protocol, options["seed"] is not None)
    with go_on_in(out):
        prepared = submit(protocol, backend, path=out, **options)
    more: dict[str, Any] = {}
    with go_on_with(prepared):
        result = prepared.result(level)
        if keep_outcomes:
            more["outcomes"] = {item: _counts(registers) for item, registers in prepared.outcomes()}
    print_result(result, key_out=key_out, **shown, **more)


@click.command()
@takes_protocol(
    "predict",
    click.option(
        "--on",
        "device",
        help="A stand-in device, or a snapshot's file.  [default: none, the links' noise only]",
    ),
)
@memory_option
@compare_option
@json_option
@out_option
@plot_option
def predict(
    protocol: Any, options: dict[str, Any], device: str | None, memory: float, out: str | None, **shown: Any
) -> None:  # fmt: skip
    """Compute a protocol's figures exactly, without sampling.

    NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.backends.registry import exact_of
    from qnet_circuits.runs.verbs import submit

    options["seed"] = options["seed"] or 0
    prepared = submit(protocol, exact_of(device, memory), path=out, **options)
    with go_on_with(prepared):
        result = prepared.result()
    print_result(result, **shown)


@click.command()
@click.argument("directory", type=click.Path())
@takes_result
def replay(directory: str, level: float, key_out: str | None, **shown: Any) -> None:
    """Analyse a run's stored outcomes again.

    Nothing is run, and neither a network nor an account is needed.
    """
    from qnet_circuits.runs.verbs import open_run
    from qnet_circuits.runs.verbs import replay as replay_

    check_key_file(key_out, seeded=key_out is not None and open_run(directory).seeded)
    print_result(replay_(directory, level), key_out=key_out, **shown)


def _counts(registers: Any) -> dict[str, dict[str, int]]:
    """Return, for each register, how often each value came, bit 0 rightmost."""
    import numpy as np

    counted = {}
    for register, bits in registers.items():
        values, counts = np.unique(bits, axis=0, return_counts=True)
        texts = ("".join("1" if bit else "0" for bit in value[::-1]) for value in values)
        counted[register] = dict(zip(texts, counts.tolist(), strict=True))
    return counted
