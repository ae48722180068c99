"""``qnet cost``, ``submit``, ``status``, ``fetch`` and ``cancel``: runs on processors, now and later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from qnet_circuits.cli.files import check_key_file
from qnet_circuits.cli.options import (
    go_on,
    json_option,
    print_result,
    takes_protocol,
    takes_result,
)
from qnet_circuits.cli.output import show


@click.command()
@takes_protocol(
    "estimate_cost",
    click.option("--on", "backend", required=True,
                 help="The backend: ibm:<processor>, or aer:<device or file> without an account."),
)  # fmt: skip
@click.option("--rep-delay", type=float, metavar="SECONDS",
              help="Time between two shots.  [default: the processor's own, or 0.00025]")  # fmt: skip
@click.option(
    "--remaining",
    type=float,
    metavar="SECONDS",
    help="Processor seconds that the instance has left, if known.",
)
@json_option
def cost(
    protocol: Any, options: dict[str, Any], backend: str, as_json: bool, **about: Any
) -> None:  # fmt: skip
    """Estimate the cost of a run on a processor.

    Nothing is submitted. NAME is a protocol in `qnet list`, or FILE.py:Class.
    """
    from qnet_circuits.programs.protocol import called
    from qnet_circuits.runs.cost_estimate import estimate_cost

    found = estimate_cost(protocol, backend, **about, **options)
    where = {"protocol": called(protocol), "parameters": protocol.parameters, "backend": backend}
    plain = {"schema": 1, **where, "cost": found.to_dict()}
    show(plain if as_json else f"{protocol.id} on {backend}\n{found}")


@click.command()
@takes_protocol(
    "submit",
    click.option(
        "--on", "backend", required=True, help="ibm:<processor>; or local:<device>, to rehearse offline."
    ),
)
@click.option(
    "--out", type=click.Path(), metavar="DIR", help="A new directory that keeps the run; required on ibm:."
)
@click.option("--dry-run", is_flag=True, help="Check everything; write and submit nothing.")
@json_option
def submit(
    protocol: Any, options: dict[str, Any], backend: str, out: str | None, as_json: bool, **more: Any
) -> None:
    """Submit a protocol to a processor without waiting.

    Then use `qnet status`, `fetch` and `cancel` with the directory. NAME is a protocol in `qnet list`, or FILE.py:Class.
    """
    from qnet_circuits.runs.verbs import submit as submit_

    with go_on(out, new=True):
        run = submit_(protocol, backend, path=out, **more, **options)
    said = "checked; nothing was written or submitted" if more["dry_run"] else f"fetch it: qnet fetch {out}"
    took = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in run.seconds.items())
    show_runs([_state(run, out)], as_json, f"{took}\n{said}")


@click.command()
@click.argument("directories", nargs=-1, required=True, type=click.Path())
@json_option
def status(directories: tuple[str, ...], as_json: bool) -> None:
    """Show the status of runs, each given by its directory."""
    from qnet_circuits.runs.verbs import open_run

    states = []
    for directory in directories:
        run = open_run(directory)
        run.refresh()
        states.append(_state(run, directory))
    show_runs(states, as_json)


@click.command()
@click.argument("directory", type=click.Path())
@click.option(
    "--no-wait", is_flag=True, help="Do not wait: exit with status 4 if the run is not finished yet."
)
@click.option(
    "--submit",
    "adopt",
    is_flag=True,
    help="Submit the remaining jobs of a run that another machine prepared, or of a copy.",
)
@click.option("--partial", is_flag=True, help="If jobs failed, analyse the blocks whose jobs all succeeded.")
@takes_result
def fetch(
    directory: str, no_wait: bool, adopt: bool, partial: bool, level: float, key_out: str | None, **shown: Any
) -> None:
    """Wait for a run and print its figures.

    A run that was interrupted, in any way and at any step, is continued.
    """
    from qnet_circuits.runs.verbs import open_run

    run = open_run(directory)
    check_key_file(key_out, seeded=run.seeded)
    with go_on(directory):
        if adopt:
            run.adopt()
        run.wait(timeout=0 if no_wait else None, partial=partial)
        print_result(run.result(level), key_out=key_out, **shown)


@click.command()
@click.argument("directory", type=click.Path())
@click.option("--adopt", is_flag=True, help="First take over a run that another machine prepared, or a copy.")
@json_option
def cancel(directory: str, adopt: bool, as_json: bool) -> None:
    """Cancel an unfinished run and its jobs.

    A job that may exist and is not listed yet is looked for until it must be listed.
    """
    from qnet_circuits.runs.verbs import open_run

    run = open_run(directory)
    with go_on(directory, "cancel"):
        if adopt:
            run.adopt()
        run.cancel()
    show_runs([_state(run, directory)], as_json)


def _state(run: Any, directory: str | None) -> dict[str, Any]:
    return {"directory": directory, **run.summary()}


def show_runs(states: list[dict[str, Any]], as_json: bool, advice: str = "") -> None:
    """Print the status of runs, and advice for people."""
    lines = [line for state in states for line in _lines(state)]
    if advice:
        lines.append(advice)
    show({"schema": 1, "runs": states} if as_json else "\n".join(lines))


def _lines(state: dict[str, Any]) -> Iterator[str]:
    made, planned = state["jobs"], state["planned_jobs"]
    jobs = f"  {'job' if len(made) == 1 else 'jobs'} {', '.join(made)}" if made else ""
    if state["status"] not in ("FAILED", "CANCELLED", "LOST") and 0 < len(made) < planned:
        jobs += f", {len(made)} of {planned}: the others follow when these have finished"
    where = f"{state['directory']}: " if state["directory"] else ""
    yield f"{where}{state['status']}  {state['protocol']} on {state['backend']}{jobs}"
    if state.get("reason"):
        yield f"  {state['reason']}"
