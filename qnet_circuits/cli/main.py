"""``qnet``: the Python verbs on the command line, for people by default and for programs with ``--json``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from qnet_circuits.cli.compiling import compile_, layouts
from qnet_circuits.cli.describing import describe, list_
from qnet_circuits.cli.devices import devices
from qnet_circuits.cli.jobs import cancel, cost, fetch, status, submit
from qnet_circuits.cli.keys import keys
from qnet_circuits.cli.mistakes import mistake
from qnet_circuits.cli.output import (
    BACKEND_FAILED,
    INTERRUPTED,
    NOT_FINISHED,
    WRONG_INPUT,
    Interrupted,
    Printed,
    aside,
    complain,
    quiet,
)
from qnet_circuits.cli.running import budget, predict, replay, report, run
from qnet_circuits.cli.showing import show as show_story
from qnet_circuits.cli.sweeping import sweep
from qnet_circuits.cli.teaching import teach
from qnet_circuits.errors import AccountError, BackendError, NotFinishedError, QnetError

#: Exit statuses of errors; the first kind that fits counts.
_STATUS = {
    NotFinishedError: NOT_FINISHED, AccountError: WRONG_INPUT, BackendError: BACKEND_FAILED, QnetError: WRONG_INPUT,
    Interrupted: INTERRUPTED,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 refused, 2 wrong input, 3 the backend failed, 4 not finished yet, 130 Ctrl-C."""
    printed = Printed()
    with quiet():
        try:
            with contextlib.redirect_stdout(printed):
                code = _status(arguments, printed)
            code = printed.release(code)
        except (KeyboardInterrupt, click.Abort):
            code = complain("interrupted", INTERRUPTED)
    sys.exit(code)


def _status(arguments: Sequence[str] | None, printed: Printed) -> int:
    """Run a command, which prints to ``printed``, and return its exit status."""
    try:
        # Without its standalone mode, click returns the status of what exits early.
        ended = qnet.main(args=arguments, prog_name="qnet", standalone_mode=False, obj=printed)
        return ended if isinstance(ended, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    except click.ClickException as error:
        return complain(error.format_message(), WRONG_INPUT)
    except (QnetError, Interrupted) as error:
        return complain(str(error), next(code for kind, code in _STATUS.items() if isinstance(error, kind)))
    except BaseException as error:
        named = sys.argv[1:] if arguments is None else arguments
        said = mistake(error, [each.rpartition(":")[0] for each in named if ".py:" in each])
        if said is None:
            raise
        return complain(said, WRONG_INPUT)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qnet-circuits", prog_name="qnet")
def qnet() -> None:
    """Quantum-network protocols, written once and run ideal, noisy and on processors.

    \b
    Exit status:
      0    done
      1    the run succeeded but the protocol aborted, or a student's answer is wrong
      2    the input was wrong; one line says what is wrong, and what to do
      3    the backend failed
      4    not finished yet (fetch --no-wait)
      130  Ctrl-C
      141  the reader of stdout has closed it
    """  # noqa: D301  (click keeps the lines of a paragraph that begins with a real backspace)


for command in (
    list_,
    describe,
    run,
    show_story,
    sweep,
    predict,
    budget,
    layouts,
    compile_,
    cost,
    submit,
    status,
    fetch,
    cancel,
    replay,
    report,
    devices,
    teach,
    keys,
):
    qnet.add_command(command)
for command in qnet.commands.values():
    assert command.callback is not None
    command.callback = aside(command.callback)


if __name__ == "__main__":
    main()
