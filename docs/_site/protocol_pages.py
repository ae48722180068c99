"""A page for each protocol of the registry, and one that lists them."""

from __future__ import annotations

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
from markup import autodoc, toctree

import qnet_circuits as qn
from qnet_circuits.programs.learning import STAGES, learning_order
from qnet_circuits.programs.registry import summary

#: Protocols that measure a device, and links of one.
EDGES = {"link-benchmark": ((0, 1), (1, 2)), "distillation-map": ((0, 1), (1, 2), (2, 3))}
#: The theory of a protocol is shown for links of this fidelity.
FIDELITY = 0.95
#: Where the shot is told, and with which seed.
TOLD = {"backend": "aer:fake_kingston", "seed": 1}
ABOUT = """# Protocols

Each page shows a protocol's first circuit, the story of one shot, its figures beside theory, and its resources.
`qnet describe NAME` says the same at the command line. Your own protocol is [one small file](../add-a-protocol.md).
"""


def protocol_pages(made):
    """Return the pages by name, and draw their pictures below the directory ``made``."""
    classes = [qn.protocol_class(name) for name in qn.protocol_names()]
    own = {each.name: each for each in classes if each.__module__.startswith("qnet_circuits.")}
    groups = learning_order({name: each.stage for name, each in own.items()})
    tables = [_table(group, [own[name] for name in names]) for group, names in groups.items()]
    tree = toctree([f"protocols/{name}" for names in groups.values() for name in names], ":hidden:")
    pages = {f"protocols/{name}.md": _page(each, made / "protocols") for name, each in own.items()}
    return {"protocols.md": "\n".join([ABOUT, *tables, tree]), **pages}


def _table(group, kinds):
    """Return the table of a group of protocols."""
    said = {each.name: summary(each).replace("|", r"\|") for each in kinds}
    rows = [f"| [{name}](protocols/{name}.md) | {words} |" for name, words in said.items()]
    return "\n".join(
        [
            f"## {group.capitalize()}\n",
            STAGES[group].capitalize() + ".\n",
            "| name | what it does |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _page(kind, folder):
    """Return the page of one protocol, and draw its first circuit beside it."""
    given = {"edges": EDGES[kind.name]} if kind.name in EDGES else {}
    protocol = kind(**given)
    program = protocol.program(np.random.default_rng(0))
    setting = "".join(f" --set '{key}={[list(each) for each in value]}'" for key, value in given.items())
    noisy = any(field.name == "link_fidelity" for field in dataclasses.fields(kind))
    shown = dataclasses.replace(protocol, link_fidelity=FIDELITY) if noisy else protocol
    parts = [
        f"# {kind.name}",
        summary(kind),
        *_promise(kind),
        f"```console\nqnet run {kind.name}{setting}\n```",
    ]
    parts += [_picture(protocol, folder), "## Figures", _figures(shown, program, noisy)]
    parts += [
        "## One shot",
        f"`qnet show {kind.name}{setting}` tells it, and `--html FILE` makes an animated page.",
    ]
    parts += [f"```text\n{_story(protocol, program)}\n```", "## Resources", _resources(program)]
    described = autodoc("autoclass", f"qnet_circuits.{kind.__name__}", ":members: theory")
    return "\n\n".join([*parts, "## Description and parameters", described])


def _promise(kind):
    """Return the paragraphs on a protocol's stage, assumptions and source."""
    said = [f"**Stage**: {kind.stage} ({STAGES[kind.stage]})."]
    if kind.assumes:
        said.append("**Assumptions**\n\n" + "\n".join(f"- {sentence}" for sentence in kind.assumes))
    return [*said, *([f"**Source**: {kind.source}"] if kind.source else [])]


def _picture(protocol, folder):
    """Draw a protocol's first circuit, and return the text that shows it."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = protocol.draw().figure
    with plt.rc_context({"svg.hashsalt": "qnet-circuits"}):
        figure.savefig(folder / f"{protocol.name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    return f"![The first circuit of {protocol.name}, with its nodes, links and messages]({protocol.name}.svg)"


def _story(protocol, program):
    """Return the story of one shot, or why there is none."""
    # No more are sampled than a state is reconstructed from, unless the protocol has a number of its own.
    shots = {} if any(item.shots for item in program) else {"shots": 2}
    try:
        return str(qn.tell(protocol, **TOLD, **shots))
    except qn.QnetError as error:
        return str(error)


def _figures(protocol, program, noisy):
    """Return the table of a protocol's figures: ideal values, theory and bounds."""
    ideal = {figure.name: figure.ideal for figure in program.figures}
    theory, bounds = protocol.theory(qn.NoiseParameters()), protocol.bounds
    lines = [
        f"| figure | ideal | theory{f', links of fidelity {FIDELITY}' if noisy else ''} | bounds |",
        "|---|---|---|---|",
    ]
    for name in [*ideal, *(name for name in theory if name not in ideal)]:
        limits = ", ".join(f"{bound} {value:.4g}" for bound, value in bounds.get(name, {}).items())
        lines.append(f"| `{name}` | {_number(ideal.get(name))} | {_number(theory.get(name))} | {limits} |")
    return "\n".join(lines)


def _number(value):
    return "" if value is None else f"{round(value, 4) + 0.0:.4g}"


def _resources(program):
    """Return the ledger of a program, with its network's terms spelled out."""
    lines = ["| resource | amount |", "|---|---|", f"| circuits | {len(program.items)} |"]
    for key, value in program.resources.items():
        shown = ", ".join(f"{node} {n}" for node, n in value.items()) if isinstance(value, dict) else value
        lines.append(f"| {key.replace('_', ' ')} | {shown} |")
    return "\n".join(lines)
