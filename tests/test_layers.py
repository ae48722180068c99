"""The layers of the design: nobody imports from a layer above, nor from the package root."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "qnet_circuits"
LAYERS = [
    ("errors", "estimate", "collecting", "files"),
    ("network", "theory", "qkd"),
    ("circuits", "figures", "program"),
    ("protocol", "keys", "protocols"),
    ("compiling", "noise", "exact", "backends"),
    (
        "options", "prepared",
        "records", "journal", "jobs", "result", "checking", "manifest", "mitigation", "progress", "layouts", "ranking",
        "controls", "comparison",
        "planning", "preparing", "estimating", "assembling", "reopening", "runs", "running", "costs", "budget", "costing",
    ),
    ("plotting", "cli", "testing", "__init__"),
]  # fmt: skip
LAYER = {name: level for level, names in enumerate(LAYERS) for name in names}
#: Pictures are made by leaves; the methods that offer them import them when called.
PICTURES = {"network", "protocol", "result", "costs", "comparison"}
MODULES = sorted(ROOT.rglob("*.py"))


def _top(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imports(path: Path):
    """Yield (module, whether it is imported when the file is) of every import that runs."""
    tree = ast.parse(path.read_text())
    skipped = {inner for node in ast.walk(tree) if _type_checking(node) for inner in ast.walk(node)}
    top = set(tree.body)
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or "", node in top
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in top


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    own = _top(path)
    for module, _ in _imports(path):
        if not module.startswith("qnet_circuits"):
            continue
        assert module != "qnet_circuits", f"{path} imports from the package root"
        other = module.split(".")[1]
        if other == "plotting" and own in PICTURES:
            continue
        assert LAYER[other] <= LAYER[own], f"{path} ({own}) imports {module} from a higher layer"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_outside_imports_stay_in_their_place(path):
    own = _top(path)
    for module, at_top in _imports(path):
        if LAYER[own] <= 1:
            assert not module.startswith("qiskit"), f"{path}: Qiskit below layer 2"
        if module.startswith("qiskit_ibm_runtime"):
            assert path.name == "runtime.py" and not at_top, f"{path}: runtime client"
        if module.startswith(("matplotlib", "pandas")) and own != "plotting":
            assert not at_top, f"{path}: {module} imported at the top"


def test_import_is_light():
    code = (
        "import sys, qnet_circuits, qnet_circuits.runs.verbs, qnet_circuits.protocols.repeater_chain\n"
        "print([name for name in ('matplotlib', 'pandas', 'qiskit_ibm_runtime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_exist_and_no_verb_shares_a_module_name():
    import qnet_circuits as qn

    for name in qn.__all__:
        assert getattr(qn, name) is not None
    assert callable(qn.run) and callable(qn.compile) and callable(qn.submit)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = qn.nothing


def test_version_is_said_once():
    import tomllib

    import qnet_circuits as qn
    from qnet_circuits.runs.manifest import VERSION

    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    assert project["project"]["version"] == qn.__version__ == VERSION
