"""``qnet run``, ``predict``, ``budget``, ``replay`` and ``report``: sampled and exact figures, error budgets, stored runs."""

from __future__ import annotations

from typing import Any

import click

from qnet_circuits.cli.files import check_key_file, check_page, save_page, save_picture
from qnet_circuits.cli.options import (
    compare_option,
    go_on,
    json_option,
    level_option,
    memory_option,
    out_option,
    plot_option,
    print_result,
    takes_protocol,
    takes_result,
)
from qnet_circuits.cli.output import show
from qnet_circuits.errors import ParameterError


@click.command()
@takes_protocol(
    "run",
    click.option(
        "--on",
        "backend",
        default="ideal",
        show_default=True,
        help="auto, ideal, aer, aer:<device or file>, stim, stim:<device or file>, exact, exact:<device or file>, "
        "local:<device>, auto:<device or file>; ibm:<processor> has qnet submit.",
    ),
)
@out_option
@takes_result
@click.option(
    "--keep-outcomes",
    is_flag=True,
    help="With --json: add the counts of all outcomes.",
)
def run(
    protocol: Any, options: dict[str, Any], backend: str, level: float,
    keep_outcomes: bool, key_out: str | None, out: str | None, **shown: Any,
) -> None:  # fmt: skip
    """Run a protocol and print its figures.

    NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.runs.results.sampled import joint_counts
    from qnet_circuits.runs.verbs import submit

    if backend.startswith("ibm:"):
        name = click.get_current_context().params["name"]
        raise ParameterError(
            f"{backend} costs processor time: qnet submit {name} --on {backend} --max-qpu-seconds S --out DIR, then qnet fetch"
        )
    if keep_outcomes and not shown["as_json"]:
        raise ParameterError(
            "--keep-outcomes adds counts to the JSON object; give also --json, or give --out DIR"
        )
    if keep_outcomes and protocol.secret_outcomes and options["seed"] is None:
        raise ParameterError(
            f"the outcomes of {protocol.name} are key material; leave --keep-outcomes out, or give --seed, which makes the run "
            "a demonstration"
        )
    check_key_file(key_out, protocol, options["seed"] is not None)
    more: dict[str, Any] = {}
    with go_on(out, new=True):
        prepared = submit(protocol, backend, path=out, **options)
        result = prepared.result(level, outcomes=keep_outcomes)
        if keep_outcomes:
            more["outcomes"] = {
                item: {name: joint_counts({name: bits}) for name, bits in registers.items()}
                for item, registers in prepared.outcomes().items()
            }
            more["counts"] = result.counts()
    print_result(result, key_out=key_out, **shown, **more)


@click.command()
@takes_protocol(
    "predict",
    click.option(
        "--on",
        "device",
        help="A stand-in device, or the file of a snapshot.  [default: none, only links have noise]",
    ),
)
@memory_option
@out_option
@compare_option
@json_option
@plot_option
def predict(
    protocol: Any, options: dict[str, Any], device: str | None, memory: float, out: str | None, **shown: Any
) -> None:  # fmt: skip
    """Compute a protocol's figures exactly, without sampling.

    NAME is one that `qnet list` names, or FILE.py:Class.
    """
    from qnet_circuits.backends.registry import exact_of
    from qnet_circuits.runs.verbs import submit

    with go_on(out, new=True):
        result = submit(protocol, exact_of(device, memory), path=out, **options).result()
    print_result(result, **shown)


@click.command()
@takes_protocol(
    "error_budget",
    click.option(
        "--on", "device", metavar="DEVICE", help="A stand-in device, or the file of a snapshot; required."
    ),
    click.option("--figure", help="Name of the figure.  [default: fidelity, or the first]"),
)
@memory_option
@json_option
@plot_option
def budget(
    protocol: Any, options: dict[str, Any], device: str | None, as_json: bool, plot: str | None, **more: Any
) -> None:
    """Compute the cost of each source of noise to a figure.

    Sources are gates, readout, waiting, latency, decisions and links. NAME is a protocol in `qnet list`, or FILE.py:Class.
    """
    from qnet_circuits.runs.error_budget import error_budget

    computed = error_budget(protocol, device, **more, **options)
    save_picture(computed, plot)
    show(computed.to_dict() if as_json else str(computed))


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


@click.command()
@click.argument("directory", type=click.Path())
@click.option("--html", "file", type=click.Path(), metavar="FILE", required=True, callback=check_page,
              help="The page: one file that loads nothing from elsewhere.")  # fmt: skip
@level_option
def report(directory: str, file: str, level: float) -> None:
    """Write a report of a stored run as one HTML page.

    Nothing is run, and neither a network nor an account is needed. The title of the page says whether the run was simulated.
    """
    import matplotlib

    from qnet_circuits.runs.verbs import replay as replay_

    matplotlib.use("Agg")
    save_page(replay_(directory, level).to_html(), file)
    show(f"{file}: a report of {directory}")
