"""``qnet list`` and ``describe``: all protocols, and the assumptions, parameters and resources of one."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from qnet_circuits.cli.options import json_option, name_argument, protocol_of, set_option
from qnet_circuits.cli.output import show
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.learning import STAGES, learning_order

if TYPE_CHECKING:
    from qnet_circuits.programs.protocol import Protocol

_WIDTH = 110
#: What the lines on messages say of the ledger.
_MESSAGES = ("classical_bits", "rounds", "announced_bits")
_SECTION = re.compile(r"^(Args|Raises|Returns|Example|Examples):$", re.MULTILINE)


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the protocols by stage, from first to advanced."""
    from qnet_circuits.programs.registry import protocol_class, protocol_names, summary

    classes = {name: protocol_class(name) for name in protocol_names()}
    groups = learning_order({name: each.stage for name, each in classes.items()})
    listed = {name: summary(classes[name]) for names in groups.values() for name in names}
    width = max(map(len, listed))
    lines = []
    for group, names in groups.items():
        said = f"{group}: {STAGES[group]}" if group in STAGES else group
        lines += ["", said, *(f"  {name.ljust(width)}  {listed[name]}" for name in names)]
    lines += [
        "",
        "Begin with: qnet show teleportation.",
        "qnet describe NAME describes a protocol; qnet run NAME runs it.",
    ]
    show({"schema": 1, "protocols": listed, "groups": groups} if as_json else "\n".join(lines[1:]))


@click.command()
@name_argument
@set_option
@json_option
def describe(name: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Describe a protocol's assumptions and resources.

    NAME is a protocol in `qnet list`, or FILE.py:Class.
    """
    import numpy as np

    from qnet_circuits.programs.protocol import ask
    from qnet_circuits.runs.manifest import said_of

    protocol = protocol_of(name, settings)
    text, arguments = _told(type(protocol))
    about = {"schema": 1, "protocol": protocol.name, "parameters": protocol.parameters, "description": text}
    kind = type(protocol)
    about.update(arguments=arguments, stage=kind.stage, assumes=list(kind.assumes), source=kind.source)
    try:
        program = ask(protocol, "program", np.random.default_rng(0))
    except ParameterError as error:
        # A protocol without parameters for its circuits, such as one that measures a device, is described all the same.
        about["needs"], lines = str(error), [str(error)]
    else:
        figures = [figure.name for figure in program.figures]
        about.update(circuits=len(program.items), figures=figures)
        if as_json:  # People are shown no bounds.
            about["bounds"] = said_of(protocol, False, False)[1]
        about["resources"] = program.resources
        lines = [
            f"circuits: {len(program.items)}",
            f"figures: {', '.join(figures)}",
            "",
            "One shot needs at most:",
        ]
        lines += _costs(program.resources, _announced(program), _sifting(protocol))
    show(
        about
        if as_json
        else "\n".join([name, "", text, *_promise(kind), *_parameters(protocol, arguments), "", *lines])
    )


def _told(cls: type) -> tuple[str, dict[str, str]]:
    """Return a class's documentation of the protocol and of each argument, without the parts for programmers."""
    parts = _SECTION.split(inspect.cleandoc(str(cls.__doc__ or "")))
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    found = re.split(r"^(\w+): ", textwrap.dedent(sections.get("Args", "").strip("\n")), flags=re.MULTILINE)
    arguments = {
        name: _plain(" ".join(text.split())) for name, text in zip(found[1::2], found[2::2], strict=True)
    }
    return _plain(parts[0].strip()), arguments


def _promise(kind: type[Protocol]) -> list[str]:
    """Return the lines on a protocol's stage, assumptions and source."""
    lines = [f"stage: {kind.stage} ({STAGES[kind.stage]})"] if kind.stage in STAGES else []
    lines += [f"assumes: {sentence}" for sentence in kind.assumes]
    lines += [f"source: {kind.source}"] if kind.source else []
    return [""] * bool(lines) + [
        line for each in lines for line in textwrap.wrap(each, _WIDTH, subsequent_indent="  ")
    ]


def _plain(text: str) -> str:
    """Return documentation without markup of code."""
    return text.replace("``", "")


def _parameters(protocol: Any, arguments: Mapping[str, str]) -> list[str]:
    """Return the lines on the parameters, as ``--set`` takes them. A parameter that was not given has no value."""
    given = {name: _written(value) for name, value in protocol.parameters.items()}
    named = {name: f"{name}={given[name]}" if name in given else name for name in {**arguments, **given}}
    if not named:
        return []
    width = min(28, max(map(len, named.values()))) + 4
    lines = ["", "Parameters, each with --set NAME=VALUE:"]
    for name, shown in named.items():
        first = f"  {shown}".ljust(width)
        lines += textwrap.wrap(
            first + arguments.get(name, ""), _WIDTH, subsequent_indent=" " * width, drop_whitespace=True,
            break_long_words=False,
        )  # fmt: skip
    return lines


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _costs(ledger: Mapping[str, Any], announced: Iterable[str], sifting: str) -> list[str]:
    """Return the lines on the resources of one shot."""
    waited, rounds, said = (ledger[key] for key in _MESSAGES)
    lines = [
        f"{key.replace('_', ' ')}: {_listed(value)}" for key, value in ledger.items() if key not in _MESSAGES
    ]
    if waited:
        lines.append(
            f"messages that corrections or decisions wait for: {_many(waited, 'bit')} in {_many(rounds, 'round')}"
        )
    else:
        lines.append("messages that corrections or decisions wait for: none")
    if said:
        lines.append(
            f"announced aloud to compare, nothing waits for it: {_many(said, 'bit')} ({', '.join(announced)})"
        )
    return [f"  {line}" for line in lines + ([sifting] if sifting else [])]


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed(value: Any) -> str:
    return (
        ", ".join(f"{key} {each}" for key, each in value.items())
        if isinstance(value, Mapping)
        else str(value)
    )


def _announced(program: Any) -> list[str]:
    """Return the distinct announcements of nodes."""
    return list(dict.fromkeys(each.what for item in program.items for each in item.announced))


def _sifting(protocol: Any) -> str:
    """Return the line on the share of rounds that a key distribution keeps."""
    share = getattr(protocol, "sifted_share", None)
    return (
        ""
        if share is None
        else f"sifting: {100 * share:.3g} % of the rounds have bases that fit and give a bit"
    )
