"""The plot of a key's account: the way from the sifted bits to the net key, cause by cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.bars import BAR, Step, draw_legend, draw_numbers, draw_step, frame, minus
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, PALETTE, PAPER, new_axes

if TYPE_CHECKING:
    from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult
    from qnet_circuits.runs.results.result import Result

#: Where the two columns of numbers end, right of the axes, in points.
_COLUMNS = (62.0, 130.0)
_SIFTED, _ALOUD, _SILENT, _KEY = FAINT, PALETTE[1], PALETTE[0], PALETTE[2]
_LEGENDS = {"said aloud": _ALOUD, "not said, but lost to the key": _SILENT, "net key": _KEY}


def plot_ledger(result: Result | KeyResult, ax: Axes | None = None) -> Axes:
    """Draw the account of a key: a bar for each cause of loss, from the sifted bits down to the net key.

    A bar is as long as the bits that its cause takes, and begins where the bar above ends; the rest at the end is the key.
    Revealed bits have one colour. Bits that are lost without being revealed have another colour: Eve's possible knowledge, and
    the costs of hashing and tags. Both numbers stand at the right, so that bars that are too short to be seen can be read. If
    there was no key, the title says why, and the last bar, hatched, shows the discarded bits.

    Args:
        result: The result of a key distribution or of a session.
        ax: Axes to draw on, with room at the right for two columns of numbers. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Raises:
        ParameterError: If the result has no account.

    Example:
        >>> from qnet_circuits.qkd.postprocessing.key_ledger import Entry, KeyResult, Ledger
        >>> ledger = Ledger(200, 200, 100, (Entry("test bits", 60, 120), Entry("phase errors", 40)), 0)
        >>> ax = plot_ledger(KeyResult(None, "short: nothing is left", ledger))
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['sifted bits', 'test bits', 'phase errors', 'net key']
    """
    ledger, title = _account(result)
    steps = _steps(ledger)
    ax = new_axes(ax, (7.6, 1.7 + 0.32 * len(steps)))
    _scale(ax, steps, title)
    last = len(steps) - 1
    for line, step in enumerate(steps):
        draw_step(ax, line, step, line + 1 + BAR / 2 if line < last else None)
    lines = [("bits", "said aloud"), *(step.numbers for step in steps)]
    draw_numbers(ax, lines, -1, _COLUMNS, (-1, 0, last))
    used = {step.colour for step in steps if step.start != step.end}
    draw_legend(
        ax, [Patch(color=colour, label=label) for label, colour in _LEGENDS.items() if colour in used]
    )
    losses = [f"{step.name} {step.numbers[0]}" for step in steps[1:-1]]
    said = title.replace("\n", ": ")
    describe(
        ax,
        f"{said}. From {steps[0].numbers[0]} sifted bits to a net key of {steps[-1].numbers[0]}: {', '.join(losses)}.",
    )
    return ax


def _account(result: Result | KeyResult) -> tuple[Mapping[str, Any], str]:
    """Return the account in plain form, and a title that says how the session ended."""
    ledger: Mapping[str, Any] | None
    if hasattr(result, "more"):
        of_run = cast("Result", result)
        ledger, reason, name = of_run.more.get("ledger"), of_run.refused, of_run.title
    else:
        ledger, reason, name = result.ledger.to_dict(), result.reason, "a session"
    if ledger is None:
        raise ParameterError(
            f"{name} has no account of bits; give the result of a key distribution, such as bb84"
        )
    outcome = f"{ledger['net_key']:,} bits of key" if reason is None else "no key"
    title = f"{name}: {outcome} from {ledger['pulses']:,} rounds"
    return ledger, title if reason is None else f"{title}\n{reason}"


def _steps(ledger: Mapping[str, Any]) -> list[Step]:
    """Return the lines from the sifted bits to the net key."""
    at = float(ledger["sifted"])
    steps = [Step("sifted bits", 0.0, at, _SIFTED, (f"{at:,.0f}", ""))]
    for entry in ledger["entries"]:
        bits, revealed = entry["bits"], entry["revealed"]
        thrown = entry["cause"].startswith("discarded")
        colour = PAPER if thrown else _ALOUD if revealed else _SILENT
        # What was counted is whole; what a formula gives is not.
        number = f"{-bits:z,.0f}" if float(bits).is_integer() else f"{-bits:z,.1f}"
        numbers = minus(number), f"{revealed:,}"
        steps.append(Step(entry["cause"], at, at - bits, colour, numbers))
        at -= bits
    key = ledger["net_key"]
    return [*steps, Step("net key", 0.0, float(key), _KEY, (f"{key:,}", f"{ledger['revealed']:,}"))]


def _scale(ax: Axes, steps: Sequence[Step], title: str) -> None:
    """Give the axes their scale, the names of the lines and a title."""
    ax.set_xlim(0, max(1.0, 1.02 * steps[0].end))
    ax.set_ylim(len(steps) - 0.4, -1.5)
    frame(ax, [step.name for step in steps], "bits", ("top", "right"))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_title(title, size=FONT + 1, loc="left", wrap=True)
