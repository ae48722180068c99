"""The pages of the public names, by the package that each lives in, and of the formulas."""

from __future__ import annotations

import re
from pathlib import Path

from markup import autodoc, toctree

import qnet_circuits as qn
from qnet_circuits.theory import __path__ as theory_path

#: Titles of the pages, in order, each with the packages whose public names it has.
TITLES = {
    "Running": ("runs",),
    "Networks, circuits and figures": ("programs",),
    "Keys and eavesdroppers": ("qkd",),
    "Repeaters in time": ("repeaters",),
    "Devices": ("devices",),
    "Backends and compilation": ("backends", "compiling"),
    "Plots": ("plotting",),
    "Numbers": ("theory",),
}
#: Packages whose names have pages of other kinds.
ELSEWHERE = ("protocols", "errors")
ABOUT = """# Python

All public names, as `import qnet_circuits as qn` has them. Protocols have [pages of their own](protocols.md).
"""


def name_pages():
    """Return the pages by name."""
    stub = Path(qn.__file__).with_suffix(".pyi").read_text()
    titles = {package: title for title, packages in TITLES.items() for package in packages}
    found = {title: [] for title in TITLES}
    for package, name in re.findall(r"^from qnet_circuits\.(\w+)\S* import (\w+) as \2$", stub, re.M):
        if package not in ELSEWHERE:
            found.setdefault(titles.get(package, package.capitalize()), []).append(name)
    made = {
        f"api/{re.sub(r'[^a-z]+', '-', title.lower())}.md": _page(title, names)
        for title, names in found.items()
    }
    made |= {"api/errors.md": _errors(), "api/formulas.md": _formulas()}
    made["api/testing.md"] = "# Testing your own parts\n\n" + autodoc(
        "automodule", "qnet_circuits.testing", ":members:"
    )
    return {
        "python.md": f"{ABOUT}\n{toctree([path.removesuffix('.md') for path in made], ':maxdepth: 1')}",
        **made,
    }


def _page(title, names):
    return f"# {title}\n\n" + "\n".join(_documented(name) for name in sorted(names, key=str.lower))


def _documented(name):
    of_class = isinstance(getattr(qn, name), type)
    return autodoc(
        "autoclass" if of_class else "autofunction", f"qnet_circuits.{name}", *[":members:"] * of_class
    )


def _errors():
    kinds = [
        name
        for name, each in vars(qn.errors).items()
        if isinstance(each, type) and issubclass(each, qn.QnetError)
    ]
    parts = [autodoc("autoexception", f"qnet_circuits.errors.{name}", ":show-inheritance:") for name in kinds]
    return "# Errors\n\nEach is in `qn.errors`.\n\n" + "\n".join(parts)


def _formulas():
    """Return the page of the formulas, which have inner paths."""
    modules = sorted(path.stem for path in Path(theory_path[0]).glob("[a-z]*.py"))
    parts = [
        f"## {name}\n\n" + autodoc("automodule", f"qnet_circuits.theory.{name}", ":members:")
        for name in modules
    ]
    about = (
        "# Formulas\n\n`from qnet_circuits.theory import swapping` and the like. No formula needs Qiskit.\n"
    )
    return "\n".join([about, *parts])
