"""The options of a run, each declared once: name, default, range, documentation, help text, and the verbs that take it."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import math
import os
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from qnet_circuits.errors import ParameterError, UnsupportedError, check_count, check_name, check_range

#: The verbs that take options.
VERBS = (
    "run",
    "submit",
    "sweep",
    "compile",
    "predict",
    "error_budget",
    "compare_layouts",
    "estimate_cost",
    "tell",
)
_SAMPLING = ("run", "submit", "sweep", "estimate_cost")
DEFAULT_SHOTS = 4096
MOST_SHOTS = 100_000_000
MOST_REPEATS = 100
MOST_COPIES = 1000
#: The worst value of a figure that a copy may be predicted to have, if nobody says another.
WORST_COPY = 0.5
_LONGEST_REP_DELAY = 0.1
#: Streams of random numbers of one run, each on its own. What earlier versions drew in stream 1 is nothing's now.
PROGRAM, SIMULATOR, ANALYSIS, SURPLUS, SECRET, STORY = 0, 2, 3, 4, 5, 6
Check = Callable[[str, Any], Any]
#: What ``progress`` may be: a function of (done, total), True, False, or None for a terminal only.
Report = Callable[[int, int], None] | bool | None
_V = TypeVar("_V", bound=Callable[..., Any])


@dataclass(frozen=True)
class Option:
    """The declaration of one option.

    Args:
        check: Takes the option's name and a value. Returns the value to keep, or raises an error.
        says: The documentation of the option, for docstrings.
        help: The help text on the command line.
        verbs: The verbs that take the option.
        flag: The option on the command line, if it is not the name with hyphens.
        shown: The placeholder of the value in the help text.
        kept: Whether the manifest keeps the option among its ``options``.
        decides: Whether the option changes outcomes, and so the specification of a run.
    """

    check: Check
    says: str
    help: str
    verbs: tuple[str, ...] = VERBS
    flag: str = ""
    shown: str | None = None
    kept: bool = True
    decides: bool = True


def _option(default: Any, check: Check, says: str, help: str = "", **more: Any) -> Any:
    return field(default=default, metadata={"option": Option(check, says, help or says, **more)})


def _or_none(check: Check) -> Check:
    return lambda name, value: None if value is None else check(name, value)


def _of(kind: Any, what: str) -> Check:
    """Return the check that a value is of a kind, named in words."""

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, kind):
            raise ParameterError(f"{name} must be {what}, got {value!r}")
        return value

    return check


_FLAG = _of(bool, "True or False")


def _mode(name: str, value: Any) -> str:
    from qnet_circuits.compiling.lowering import MODES

    return check_name("correction mode", value, MODES)


def _mitigated(name: str, value: Any) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    listed = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    bits = [
        f"{each[0]}[{each[1]}]" if isinstance(each, tuple) and len(each) == 2 else each for each in listed
    ]
    if not bits or not all(isinstance(bit, str) for bit in bits):
        raise ParameterError(
            f"{name} must be True or False, or a list of registers and bits, such as ['out', 'swap[0]'], got {value!r}"
        )
    return tuple(dict.fromkeys(bits))


def _carrier(name: str, value: Any) -> str:
    from qnet_circuits.programs.instructions import CARRIERS

    return check_name("carrier", value, CARRIERS)


def _copies(name: str, value: Any) -> int | str:
    if not isinstance(value, str):
        return check_count(name, value, 1, MOST_COPIES)
    from qnet_circuits.compiling.copies import MOST

    if value != MOST:
        raise ParameterError(f"{name} must be a whole number of at least 1, or 'max', got {value!r}")
    return MOST


def _noise(name: str, value: Any) -> Any:
    from qnet_circuits.devices.device_noise import check_noise

    return check_noise(value)


def _judged_by_the_device(name: str, value: Any) -> Any:
    return value


@dataclass(frozen=True)
class RunOptions:
    """The options of a run. Checks that need a protocol or a backend are made later.

    Example:
        >>> RunOptions(shots=100).shots, RunOptions().corrections
        (100, 'auto')
        >>> RunOptions(mitigate="no")
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: mitigate must be True or False, or a list of registers and bits, ...
    """

    shots: int | None = _option(
        None,
        _or_none(partial(check_count, low=1, high=MOST_SHOTS)),
        "Shots for each circuit, 1 to 100,000,000. Default 4096.",
        "Shots for each circuit.  [default: 4096]",
        verbs=(*_SAMPLING, "tell"),
    )
    repeats: int = _option(
        1,
        partial(check_count, low=1, high=MOST_REPEATS),
        "Number of blocks, 1 to 100, run one after the other. Each block runs all circuits with all shots. On a processor each "
        "block has jobs of its own. Each figure gets the wider of two intervals: the one from pooled shots, and Student's t "
        "over the block values.",
        "Run everything K times, in blocks; intervals then include the spread between blocks.",
        verbs=_SAMPLING,
        shown="K",
    )
    copies: Any = _option(
        1,
        _copies,
        "How many copies of the program run side by side on a device in the same shots, 1 (the default) to 1000, or ``max`` "
        "for as many as fit. Each figure pools all copies; the result also has the figure of each copy. A protocol that counts "
        "its own rounds shares the rounds among the copies, and so needs fewer shots.",
        "Run K copies side by side on a device in the same shots; max for as many as fit.",
        shown="K|max",
        verbs=("run", "submit", "sweep", "compile", "predict", "estimate_cost"),
    )
    worst_copy: float | None = _option(
        None,
        _or_none(partial(check_range, low=-math.inf, high=math.inf)),
        "The worst acceptable predicted value of the program's first figure, for each copy, with the default noise. It is a "
        "minimum, or a maximum if the figure's ideal value is lower, as for an error rate. Default 0.5, if the library "
        "chooses the copies.",
        "The worst acceptable predicted value of the first figure, for each copy: a minimum for a fidelity, a maximum for an "
        "error rate.  [default: 0.5]",
        shown="VALUE",
        verbs=("run", "submit", "sweep", "compile", "predict", "estimate_cost"),
    )
    noise: Any = _option(
        None,
        _or_none(_noise),
        "The noise of a simulated device: a ``DeviceNoise``, or a mapping of its fields. Default: all calibrated noise, and "
        "two terms that no calibration has, ZZ and charge parity, with values typical of the device's family.",
        "The noise of a simulated device, such as idle=false or feedforward_latency=2e-6.",
        verbs=(
            "run",
            "submit",
            "sweep",
            "predict",
            "error_budget",
            "compare_layouts",
            "estimate_cost",
            "tell",
        ),
        shown="KEY=VALUE",
        kept=False,
    )
    corrections: str = _option(
        "auto",
        _mode,
        "How corrections are made: ``auto`` (the default), ``frame``, ``feedforward``, ``postselect``, ``coherent`` or "
        "``none``.",
        "How corrections are made: frame (in software), feedforward (in real time), postselect, coherent, none, or auto (frame "
        "if only Clifford operations follow, else feedforward).",
    )
    optimization_level: int = _option(
        2,
        partial(check_count, low=0, high=3),
        "Optimization level of Qiskit's compiler, 0 to 3. Default 2.",
        "Optimization level of Qiskit's compiler, 0 to 3.",
    )
    layout: Any = _option(
        None,
        _judged_by_the_device,
        "The physical qubits. A list has one qubit for each wire; with ``copies``, give one list for each copy. ``auto`` (the "
        "default; ``predicted`` is the same) takes the qubits with the least loss by the calibration, and compares several "
        "placements of a small program by exact prediction. The result of a link benchmark of the same chip, or the directory "
        "of its run, takes the qubits with the least measured infidelity.",
        "The physical qubits: auto (those with the least predicted loss; predicted is the same), a list q0,q1,..., with one "
        "list for each copy separated by semicolons, or the directory of a link benchmark's run.",
    )
    carrier: str = _option(
        "relabel",
        _carrier,
        "How a transmitted qubit crosses a link on a machine: ``relabel`` (the default), ``swap`` or ``teleport``.",
        "How a transmitted qubit crosses a link: relabel, swap or teleport.",
    )
    decoupling: bool = _option(False, _FLAG, "Decouple waiting qubits by pairs of X pulses.")
    seed: int | None = _option(
        None,
        _or_none(partial(check_count, low=0)),
        "The seed of all random numbers, a whole number of at least 0. By default ``run`` and ``submit`` draw a seed and "
        "report it if outcomes are sampled; on ``exact``, and with the other verbs, the seed is 0.",
        "The seed of all random numbers.  [default: drawn and reported, or 0 if nothing is run]",
        kept=False,
    )
    options: Any = _option(
        None,
        _or_none(_of(Mapping, 'a mapping of names to values, such as {"twirling.enable_gates": True}')),
        "Options of IBM's Sampler by dotted name, for ``ibm:``, and for ``local:`` if IBM's offline mode supports them. For "
        'example ``{"twirling.enable_gates": True, "execution.rep_delay": 2.5e-4}``.',
        "An option of IBM's Sampler, such as twirling.enable_gates=true or execution.rep_delay=5e-4.",
        verbs=_SAMPLING,
        flag="--option",
        shown="KEY=VALUE",
    )
    controls: bool = _option(
        False,
        _FLAG,
        "Add two control experiments to the job. The same circuits without corrections give figures that end in "
        "``_uncorrected``. Direct transport by SWAPs on the same qubits gives figures that end in ``_swap_transport``, if the "
        "protocol has a baseline.",
        "Add control experiments: the same circuits without corrections, and direct transport by SWAPs.",
        verbs=("run", "submit", "sweep", "predict", "estimate_cost"),
    )
    mitigate: Any = _option(
        False,
        _mitigated,
        "Measure the qubits' readout errors in the same job, and report figures corrected for them beside the raw figures. "
        "True, or a list of the registers and bits to correct, such as ``['out', 'swap[0]']``. Default False.",
        "Measure readout errors in the same job, and report figures corrected for them beside the raw figures.",
        verbs=("run", "submit", "sweep", "compile", "estimate_cost"),
    )
    emulate_links: bool = _option(
        False,
        _FLAG,
        "Sample the errors of links in software, on a backend that cannot apply them.",
        "Sample the errors of links in software.",
    )
    predict: bool | None = _option(
        None,
        _or_none(_of(bool, "True, False or None")),
        "Report exact figures for the same description of noise beside the sampled figures. Default: on a simulated device, if "
        "the program is small.",
        "Report exact figures beside the sampled figures.  [default: on a device, if the program is small]",
        verbs=("run", "submit", "sweep"),
        flag="--predict/--no-predict",
        kept=False,
        decides=False,
    )
    verify: bool = _option(
        True,
        _FLAG,
        "Before submission to a processor, prove that compilation kept the parties apart. A program is refused if the proof "
        "fails or cannot be decided. False skips the proof, and the result says so.",
        "Before submission to a processor, prove that compilation kept the parties apart.",
        verbs=("run", "submit"),
        flag="--verify/--no-verify",
        decides=False,
    )
    max_qpu_seconds: int | None = _option(
        None,
        _or_none(partial(check_count, low=1)),
        "The most processor seconds that all jobs of a run may take together; required on a processor.",
        "The most processor seconds that all jobs of the run may take together; required on ibm:.",
        verbs=("run", "submit"),
        decides=False,
    )

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            object.__setattr__(self, name, option.check(name, getattr(self, name)))

    @classmethod
    def of(cls, verb: str, given: Mapping[str, Any]) -> RunOptions:
        """Return the options that a verb was given.

        Raises:
            TypeError: If there is no such option.
            UnsupportedError: If the verb does not take it.
            ParameterError: If a value is out of range.
        """
        if "dry_run" in given:
            raise ParameterError(
                "dry_run is an option of submit, which returns the prepared run; for the cost alone, call estimate_cost"
            )
        for name in given:
            if name not in OPTIONS:
                near = difflib.get_close_matches(name, OPTIONS, 1)
                advice = f"; did you mean {near[0]!r}?" if near else ""
                raise TypeError(f"{verb}() got an unexpected keyword argument {name!r}{advice}")
            if verb not in OPTIONS[name].verbs:
                takers = ", ".join(OPTIONS[name].verbs)
                raise UnsupportedError(f"{verb} does not take {name}; leave it out ({takers} take it)")
        drawn = verb in ("run", "submit") or given.get("seed") is not None
        return cls(**(given if drawn else {**given, "seed": 0}))

    @classmethod
    def from_manifest(cls, plain: Mapping[str, Any]) -> RunOptions:
        """Return the options that a manifest keeps."""
        kept = (name for name, option in OPTIONS.items() if option.kept)
        return cls(**{name: plain[name] for name in kept if name in plain})

    def to_manifest(self) -> dict[str, Any]:
        """Return the options that a manifest keeps, in plain values."""
        plain = {name: getattr(self, name) for name, option in OPTIONS.items() if option.kept}
        plain["shots"] = DEFAULT_SHOTS if self.shots is None else self.shots
        plain["options"] = dict(self.options or {})
        return plain


def stream_seed(seed: int, stream: int, part: int = 0) -> int:
    """Return the seed of a named stream, or of a part of it; neighbouring seeds give unrelated streams."""
    key = (stream, part) if part else (stream,)
    words = np.random.SeedSequence(seed, spawn_key=key).generate_state(2, np.uint32)
    return (int(words[0]) << 30) ^ int(words[1])


#: Each option by its name.
OPTIONS: dict[str, Option] = {each.name: each.metadata["option"] for each in dataclasses.fields(RunOptions)}


def takes_options(verb: _V) -> _V:
    """Give a verb that collects ``**options`` the signature and the documentation of the options that it takes.

    The options are listed below the line ``**options`` in the ``Args`` of its docstring.
    """
    own = inspect.signature(verb)
    listed = [each for each in dataclasses.fields(RunOptions) if verb.__name__ in OPTIONS[each.name].verbs]
    plain = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    added = [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type
        )
        for each in listed
    ]
    verb.__signature__ = own.replace(parameters=[*plain, *added])  # type: ignore[attr-defined]
    lines = "".join(
        textwrap.fill(
            f"{each.name}: {OPTIONS[each.name].says}",
            126,
            initial_indent=" " * 12,
            subsequent_indent=" " * 16,
        )
        + "\n"
        for each in listed
    )
    head, line, rest = (verb.__doc__ or "").partition("        **options:")
    first, end, rest = rest.partition("\n")
    verb.__doc__ = f"{head}{line}{first}{end}{lines}{rest}"
    return verb


# -- what else verbs are given -----------------------------------------------------------------------------------------


def stderr_told(progress: Report) -> bool:
    """Return whether progress is printed on stderr."""
    return sys.stderr.isatty() if progress is None else progress is True


def _memory(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not float(value) > 0:
        raise ParameterError(f"{name} must be a number of bytes above 0, got {value!r}")
    return float(value)


#: Arguments that are no options of a run, each with its check.
ARGUMENTS: dict[str, Check] = {
    "path": _or_none(_of((str, os.PathLike), "the path of a directory")),
    "vary": _or_none(
        _of(Mapping, 'lists of values by name, such as {"corrections": ["frame", "feedforward"]}')
    ),
    "dry_run": _FLAG,
    "figure": _or_none(_of(str, "the name of a figure")),
    "memory": _memory,
    "shot": partial(check_count, low=0),
    "circuit": _or_none(_of(str, "the name of a circuit")),
    "withhold": _FLAG,
    "states": _FLAG,
    "rep_delay": _or_none(partial(check_range, low=0.0, high=_LONGEST_REP_DELAY)),
    "remaining": _or_none(partial(check_range, low=0.0, high=math.inf)),
}


def check_arguments(**given: Any) -> None:
    """Check the arguments of a verb that are not options of a run, or raise ParameterError."""
    for name, value in given.items():
        ARGUMENTS[name](name, value)
