"""How Sphinx reads this project's docstrings and writes its formulas."""

from __future__ import annotations

import re

from docutils import nodes
from latex2mathml.converter import convert

import qnet_circuits as qn


def setup(app):
    """Let Sphinx ask the functions below."""
    app.connect("autodoc-process-docstring", _as_rst, priority=100)  # before napoleon
    app.connect("autodoc-process-docstring", _no_types, priority=900)  # after napoleon
    app.connect("missing-reference", _public)
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    return {"parallel_read_safe": True}


def _as_rst(app, what, name, obj, options, lines):
    """Let napoleon and reStructuredText read docstrings as they are written."""
    found, inside = [], False
    for line in lines:
        inside = line.startswith(" " * 8) if inside else line.strip().startswith("**options:")
        if inside and re.match(r" {8}\w+: ", line):
            found.append("")
            line = re.sub(r"(\w+):", r"- `\1`:", line, count=1)
        elif inside and line.startswith(" " * 8):
            line = "  " + line
        found.append(line if ">>>" in line else _bars(line))
    lines[:] = found


def _no_types(app, what, name, obj, options, lines):
    """Put back what napoleon took for a type: the words before a first colon."""
    for k, line in enumerate(lines):
        kind, _, words = line.strip().partition(": ")
        if kind in (":type", ":rtype") and words:
            told = next(i for i, each in enumerate(lines) if kind == ":type" or each.startswith(":returns:"))
            head = ":returns: " if kind == ":rtype" else ""
            lines[told] = f"{head}{words}: {lines[told].removeprefix(head)}"
            lines[k] = ""


def _bars(line):
    """Return a line in which bars stand for themselves, as in kets and absolute values: no substitution is meant."""
    parts = line.split("`")
    return "`".join(part if k % 2 else part.replace("|", r"\|") for k, part in enumerate(parts))


def _public(app, env, node, contnode):
    """Find a class that a docstring names alone, such as an error, among the public names."""
    name = node["reftarget"]
    if node.get("refdomain") == "py" and (name in qn.__all__ or hasattr(qn.errors, name)):
        target = f"qnet_circuits.errors.{name}" if hasattr(qn.errors, name) else f"qnet_circuits.{name}"
        return env.domains["py"].resolve_xref(
            env, node["refdoc"], app.builder, node["reftype"], target, node, contnode
        )
    return None


def _formula(writer, node):
    """Write a formula as MathML, which browsers show by themselves: no page asks another site for a script."""
    block = isinstance(node, nodes.math_block)
    formula = convert(node.astext(), display="block" if block else "inline")
    writer.body.append(f"<p>{formula}</p>" if block else formula)
    raise nodes.SkipNode
