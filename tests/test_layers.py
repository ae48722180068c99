"""The directions of imports: one table, no circles, and nothing from the package root."""

import ast
import graphlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "qnet_circuits"
#: What each package may import; errors, secrecy, version and classical are free to all.
MAY_IMPORT = {
    "theory": "",
    "programs": "theory",
    "qkd": "theory programs",
    "repeaters": "theory programs",
    "distributed": "theory programs",
    "protocols": "theory programs qkd repeaters distributed",
    "devices": "",
    "compiling": "programs devices",
    "backends": "theory programs devices compiling",
    "plotting": "theory programs devices compiling backends",
    "runs": "theory programs qkd repeaters distributed protocols devices compiling backends",
    "teaching": "theory programs qkd repeaters distributed protocols devices compiling backends runs",
    "cli": "programs qkd devices backends runs teaching",
    "testing": "theory programs protocols compiling backends runs",
}
FREE = {"errors": "", "secrecy": "", "version": "", "classical": "errors"}
#: Packages that import a picture when they are asked for one.
DRAWN = {"programs", "distributed", "runs", "cli"}
#: Where a package outside of this one may be imported, and whether at the top of a file.
HEAVY = {
    "qiskit_ibm_runtime": ("backends/ibm/client.py", False),
    "matplotlib": ("plotting/", True),
    "pandas": ("", False),
    "aiohttp": ("qkd/delivery/server.py", True),
}
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}


def _type_checking(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@cache
def _imports(path):
    """Return (module, name or None, whether it is imported when the file is) of every import that runs."""
    tree = ast.parse(path.read_text())
    top, found, left = set(tree.body), [], [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [(node.module, alias.name, node in top) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, None, node in top) for alias in node.names]
        elif isinstance(node, ast.If) and _type_checking(node):
            left += node.orelse
        else:
            # An import is a statement, and no expression holds one.
            left += [inner for inner in ast.iter_child_nodes(node) if not isinstance(inner, ast.expr)]
    return tuple(found)


def _ours(path):
    """Yield (module, whether at the top) of what a file imports from this package."""
    for module, name, at_top in _imports(path):
        if module.split(".")[0] == "qnet_circuits":
            inner = f"{module}.{name}"
            yield inner if inner in MODULES else module, at_top


def _package(module):
    return module.split(".")[1]


def test_imports_go_one_way():
    for name, path in MODULES.items():
        if name == "qnet_circuits":
            continue
        own = _package(name)
        allowed = (
            {own, *FREE, *MAY_IMPORT.get(own, "").split()} if own in MAY_IMPORT else {*FREE[own].split()}
        )
        for module, at_top in _ours(path):
            assert module in MODULES and module != "qnet_circuits", f"{path} imports from the package root"
            if _package(module) == "plotting" and own in DRAWN and not at_top:
                continue
            assert _package(module) in allowed, f"{path} imports {module}"


def test_the_parties_know_formulas_alone():
    """What two hosts run needs no Qiskit, and neither do formulas."""
    for name, path in MODULES.items():
        if name.startswith(
            (
                "qnet_circuits.theory",
                *(f"qnet_circuits.qkd.{part}" for part in ("postprocessing", "delivery", "hosts")),
            )
        ):
            for module, inner, _ in _imports(path):
                assert not module.startswith("qiskit"), f"{path} imports {module}"
                if module.startswith("qnet_circuits."):
                    assert _package(module) in {*FREE, "theory"} or any(
                        part in f"{module}.{inner}" for part in ("postprocessing", "delivery", "hosts")
                    ), path


def test_no_import_runs_in_a_circle():
    """Between modules, and between the parts of each package; imports inside of functions count too, but those of pictures."""
    arrows = {
        name: {
            module for module, at_top in _ours(path) if at_top or _package(module) != "plotting" or ".plotting." in name
        } - {name}
        for name, path in MODULES.items()
        if name != "qnet_circuits"
    }  # fmt: skip
    list(graphlib.TopologicalSorter(arrows).static_order())
    for package in {name.rpartition(".")[0] for name in MODULES if "." in name}:
        parts = {}
        for name, modules in arrows.items():
            for module in modules:
                if name.startswith(f"{package}.") and module.startswith(f"{package}."):
                    first, second = (each[len(package) + 1 :].split(".")[0] for each in (name, module))
                    parts.setdefault(first, set()).update({second} - {first})
        list(graphlib.TopologicalSorter(parts).static_order())


def test_outside_imports_stay_in_their_place():
    for path in MODULES.values():
        for module, _, at_top in _imports(path):
            place, top = HEAVY.get(module.split(".")[0], ("", True))
            inside = str(path.relative_to(ROOT)).startswith(place)
            if module.startswith("qiskit_ibm_runtime"):
                assert inside, f"{path}: {module}"
            assert not at_top or (top and inside), f"{path}: {module} imported at the top"


def test_few_modules_lie_at_the_root():
    assert (
        len([name for name, path in MODULES.items() if path.parent == ROOT and name != "qnet_circuits"]) <= 5
    )


def test_import_is_light():
    code = (
        "import sys, qnet_circuits, qnet_circuits.cli.main\n"
        "def there(*names): print([name for name in names if name in sys.modules])\n"
        "there('scipy', 'qiskit', 'matplotlib', 'pandas', 'qiskit_ibm_runtime')\n"
        "import qnet_circuits.runs.sweeps.sweep\n"
        "there('qiskit_aer', 'qnet_circuits.runs.analysis', 'qnet_circuits.compiling.compiler', 'requests')\n"
        "import qnet_circuits.runs.verbs, qnet_circuits.protocols.repeater_chain\n"
        "there('matplotlib', 'pandas', 'qiskit_aer', 'qiskit_ibm_runtime')\n"
        "qnet_circuits.compile(qnet_circuits.Teleportation())\n"
        "there('qiskit_ibm_runtime')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"] * 4


def test_public_names_exist_and_no_verb_shares_a_module_name():
    import qnet_circuits as qn

    for name in qn.__all__:
        assert getattr(qn, name) is not None
    assert callable(qn.run) and callable(qn.compile) and callable(qn.submit)
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = qn.nothing


def test_version_is_said_once():
    import tomllib

    import qnet_circuits as qn
    from qnet_circuits.version import VERSION

    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    assert project["project"]["version"] == qn.__version__ == VERSION
