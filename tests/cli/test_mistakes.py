"""Mistakes in a protocol's own file: one line that says what and where, and never the status of something else."""

import pytest

from tests.cli.test_commands import MY_FILE

RUN = ("run", "--shots", "20", "--seed", "1", "--json")
DESCRIBE = ("describe", "--json")
ON_DEVICE = ("run", "--on", "aer:fake_manila", "--shots", "20")
PROGRAM = (
    "    def program(self, rng):\n        return bell_program(qn.Network.two_nodes(qn.Link(self.fidelity)))\n"
)
assert PROGRAM in MY_FILE


def instead(code):
    """The file with other lines in place of ``program``."""
    return MY_FILE.replace(PROGRAM, "".join(f"    {line}\n" for line in code.split("\n")))


def program(body):
    return instead(f"def program(self, rng):\n    {body}")


def beside(code):
    """The file with more lines in the class."""
    return MY_FILE + "".join(f"    {line}\n" for line in code.split("\n"))


def hook(name, body, arguments="self, *rest"):
    return beside(f"def {name}({arguments}):\n    {body}")


def made_by_type(body):
    """The file with a class that says it is of another module, as type() makes them of abstract classes."""
    return (
        "import sys\nfrom dataclasses import dataclass\nimport qnet_circuits as qn\n"
        f"def program(self, rng):\n    {body}\n"
        "body = {'program': program, 'name': 'mine', '__annotations__': {}}\n"
        "Mine = dataclass(frozen=True)(type('Mine', (qn.Protocol,), body))\n"
    )


WRONG = {
    # Around the class.
    "syntax": ("def f(:", RUN),
    "no text": ("x = 1\0", RUN),
    "not there": ("import nothing_of_the_kind", RUN),
    "raises": ("1/0", RUN),
    "leaves": ("raise SystemExit", RUN),
    "leaves well": ("import sys; sys.exit(0)", RUN),
    "leaves badly": ("import sys; sys.exit(3)", RUN),
    "no exception": ("class Odd(BaseException): ...\nraise Odd('a\\nb')", RUN),
    "no text of its own": ("class Odd(Exception):\n    def __str__(self): 1/0\nraise Odd", RUN),
    "no attributes": ("def __getattr__(name): raise KeyError(name)", RUN),
    "another name": (MY_FILE.replace("class Mine", "class Yours"), RUN),
    "no protocol": ("class Mine: ...", RUN),
    "no class": ("Mine = 3", RUN),
    # The class.
    "no dataclass": (MY_FILE.replace("@dataclass(frozen=True)", ""), RUN),
    "abstract": (instead("x: int = 1"), RUN),
    "another abstract method": (beside("from abc import abstractmethod\n@abstractmethod\ndef f(self): ..."), RUN),
    "a field without a value": (MY_FILE.replace("float = 1.0", "float"), RUN),
    "a field that is never set": (MY_FILE.replace("float = 1.0", "float = __import__('dataclasses').field(init=False)"), RUN),
    "an __init__ of its own": (beside("def __init__(self): ..."), (*RUN, "--set", "fidelity=0.9")),
    "a value that it does not check": (
        instead("parties: int = 2\ndef program(self, rng):\n    return range(self.parties)"),
        (*RUN, "--set", "parties=2.5"),
    ),
    "a check that raises": (hook("__post_init__", "[][0]"), RUN),
    "a check that leaves": (hook("__post_init__", "raise SystemExit"), RUN),
    "a field that is frozen": (hook("__post_init__", "self.fidelity = 1"), RUN),
    "a field that JSON has not": (beside("x: object = object()"), RUN),
    "a field that JSON has not, described": (beside("x: frozenset = frozenset({1})"), DESCRIBE),
    "made of nothing": (beside("@classmethod\ndef from_parameters(cls, **given): ..."), DESCRIBE),
    # Its program.
    "program raises": (program("{}['key']"), RUN),
    "program raises, described": (program("{}['key']"), DESCRIBE),
    "program leaves": (program("raise SystemExit"), RUN),
    "program leaves well": (program("raise SystemExit(0)"), RUN),
    "program without an argument": (instead("def program(self):\n    ..."), RUN),
    "program is no method": (instead("program = 3"), RUN),
    "program returns nothing": (program("..."), RUN),
    "program returns nothing, described": (program("..."), DESCRIBE),
    "program returns a list": (program("return [1, 2]"), RUN),
    "program returns a class": (program("return qn.Program"), RUN),
    "program yields": (program("yield 1"), RUN),
    "program of circuits": (program("import qiskit; return qn.Program([qiskit.QuantumCircuit(1)])"), RUN),
    "program of nothing": (program("return qn.Program(None)"), RUN),
    "program of a class of another module leaves well": (made_by_type("sys.exit(0)"), RUN),
    "program of a class of another module raises": (made_by_type("1/0"), RUN),
    "program of a class of another module leaves, described": (made_by_type("sys.exit(0)"), DESCRIBE),
    # What else it says.
    "theory raises": (hook("theory", "1/0"), RUN),
    "theory leaves": (hook("theory", "raise SystemExit"), RUN),
    "theory returns nothing": (hook("theory", "..."), RUN),
    "theory returns text": (hook("theory", "return {'fidelity': 'high'}"), RUN),
    "bounds is a method": (hook("bounds", "return {}"), RUN),
    "bounds is a method, described": (hook("bounds", "return {}"), DESCRIBE),
    "bounds raise": (beside("@property\ndef bounds(self):\n    1/0"), RUN),
    "bounds are flat": (beside("bounds = {'fidelity': 0.5}"), RUN),
    "analyze raises": (hook("analyze", "1/0"), RUN),
    "analyze leaves": (hook("analyze", "raise SystemExit"), RUN),
    "analyze returns a dict": (hook("analyze", "return {'fidelity': 1}"), RUN),
    "analyze returns numbers": (hook("analyze", "return qn.Analyzed({'fidelity': 1})"), RUN),
    "analyze returns a set": (hook("analyze", "return qn.Analyzed({}, {'more': {1, 2}})"), RUN),
    "on_couplings raises": (hook("on_couplings", "1/0"), ON_DEVICE),
    "on_couplings returns nothing": (hook("on_couplings", "..."), ON_DEVICE),
    "baseline raises": (hook("baseline", "1/0"), (*RUN, "--controls")),
    "baseline returns a name": (hook("baseline", "return 'swap-transport'"), (*RUN, "--controls")),
}  # fmt: skip


@pytest.mark.parametrize(("text", "command"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_a_protocols_file_is_one_line_and_status_2(text, command, qnet, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(text)
    verb, *options = command
    status, out, err = qnet(verb, f"{file}:Mine", *options)
    assert (status, out) == (2, "")
    assert err.startswith("qnet: ") and err.count("\n") == 1


@pytest.mark.parametrize(("text", "line"), [("\n\n1/0", 3), (program("return len(3)"), 12)])
def test_the_line_of_the_mistake_is_named(text, line, qnet, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(text)
    err = qnet("run", f"{file}:Mine")[2]
    assert str(file) in err and f"line {line}" in err


def test_what_a_device_has_no_instruction_for_is_named_without_its_table_of_gates(qnet, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        instead(
            "def program(self, rng):\n    from qiskit import QuantumCircuit\n"
            "    circuit = QuantumCircuit(1, 1)\n    circuit.h(0)\n    circuit.reset(0)\n    circuit.measure(0, 0)\n"
            "    return qn.Program([qn.Item('one', circuit)])"
        )
    )
    code, out, err = qnet("run", f"{file}:Mine", "--on", "aer:fake_melbourne", "--shots", "20")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert " reset" in err and "basis" not in err


def test_an_error_of_the_packages_own_stays_a_traceback(qnet, monkeypatch):
    from qnet_circuits.runs import verbs as running

    def broken(*arguments, **options):
        raise ZeroDivisionError

    monkeypatch.setattr(running, "submit", broken)
    with pytest.raises(ZeroDivisionError):
        qnet("run", "ghz")


@pytest.mark.parametrize("status", [None, 0, 3])
def test_what_leaves_from_anywhere_else_is_told_and_never_ends_well(qnet, monkeypatch, status):
    from qnet_circuits.runs import verbs as running

    def leaves(*arguments, **options):
        raise SystemExit(status)

    monkeypatch.setattr(running, "submit", leaves)
    code, out, err = qnet("run", "ghz")
    assert (code, out) == (2, "") and "SystemExit" in err and err.count("\n") == 1
