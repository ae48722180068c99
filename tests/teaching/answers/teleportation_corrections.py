"""Right and wrong answers to teleportation/corrections."""

HEAD = "import qnet_circuits as qn\n\ndef corrections(circuit, alice, bob, bits, link):\n"


def _lines(text):
    return HEAD + "".join(f"    {line}\n" for line in text.strip().split("\n"))


_PAIR = "qn.entangle(circuit, alice[1], bob[0], link)\n"
_BELL = "circuit.cx(alice[0], alice[1]); circuit.h(alice[0])\ncircuit.measure(alice, bits)\n"
_RIGHT = _lines(_PAIR + _BELL + "qn.correct(circuit, bob[0], x=[bits[1]], z=[bits[0]])")

RIGHT = {
    "by hand": _RIGHT,
    "with the library's block": _lines(
        _PAIR + "qn.bell_measurement(circuit, alice[0], alice[1], z_bit=bits[1], x_bit=bits[0])\n"
        "qn.correct(circuit, bob[0], x=bits[:1], z=bits[1:])"
    ),
    "with if_test": _lines(
        _PAIR + _BELL + "with circuit.if_test((bits[1], 1)):\n    circuit.x(bob[0])\n"
        "with circuit.if_test((bits[0], 1)):\n    circuit.z(bob[0])"
    ),
    "with if_test in if_test": _lines(
        _PAIR + _BELL + "with circuit.if_test((bits[1], 1)) as otherwise:\n    circuit.x(bob[0])\n"
        "    with circuit.if_test((bits[0], 1)):\n        circuit.z(bob[0])\n"
        "with otherwise:\n    with circuit.if_test((bits[0], 1)):\n        circuit.z(bob[0])"
    ),
    "with other gates, in one composed circuit": _lines(
        "part = circuit.copy_empty_like()\nqn.entangle(part, bob[0], alice[1], link)\n"
        "part.h(alice[1]); part.cz(alice[0], alice[1]); part.h(alice[1])\npart.h(alice[0])\n"
        "part.measure(alice[1], bits[0]); part.measure(alice[0], bits[1])\n"
        "qn.correct(part, bob[0], z=[bits[1]])\nqn.correct(part, bob[0], x=[bits[0]])\n"
        "circuit.compose(part, inplace=True)"
    ),
}  # fmt: skip

WRONG = {
    "results exchanged": (_RIGHT.replace("x=[bits[1]], z=[bits[0]]", "x=[bits[0]], z=[bits[1]]"), "process fidelity"),
    "no Z": (_RIGHT.replace(", z=[bits[0]]", ""), "process fidelity"),
    "no X": (_RIGHT.replace("x=[bits[1]], ", ""), "process fidelity"),
    "X on both parities": (_RIGHT.replace("x=[bits[1]]", "x=[bits[0], bits[1]]"), "process fidelity"),
    "Z only after X": (
        _lines(
            _PAIR + _BELL + "with circuit.if_test((bits[1], 1)):\n    circuit.x(bob[0])\n"
            "    with circuit.if_test((bits[0], 1)):\n        circuit.z(bob[0])"
        ),
        "process fidelity",
    ),
    "no Hadamard": (_RIGHT.replace("circuit.h(alice[0])", "pass"), "process fidelity"),
    "CNOT the wrong way": (_RIGHT.replace("cx(alice[0], alice[1])", "cx(alice[1], alice[0])"), "process fidelity"),
    "an extra X": (_RIGHT + "    circuit.x(bob[0])\n", "process fidelity"),
    "Bob measures": (_RIGHT + "    circuit.measure(bob[0], bits[0])\n", "process fidelity"),
    "the qubit is sent": (_lines("qn.transmit(circuit, alice[0], bob[0], link)"), "with the messages withheld"),
    "half of the state is copied by a message": (
        _lines("circuit.measure(alice, bits)\nqn.correct(circuit, bob[0], x=[bits[0]])"), "over a link of pure noise",
    ),
    "a link of its own": (_RIGHT.replace("bob[0], link)", "bob[0])"), "over a link of pure noise"),
    "a gate between the nodes": (_lines("circuit.swap(alice[0], bob[0])"), "is a network program"),
    "a second pair": (
        _RIGHT.replace(_PAIR.strip(), f"{_PAIR.strip()}; circuit.reset(alice[1]); circuit.reset(bob[0]); {_PAIR.strip()}"),
        "bell pairs",
    ),
    "a result is sent twice": (
        _RIGHT + "    circuit.measure(alice[1], bits[1])\n" + "    qn.correct(circuit, bob[0], x=[bits[1]])\n" * 2,
        "classical bits",
    ),
    "nothing appended": (_lines("other = circuit.copy()\nother.h(0)"), "instructions appended"),
    "qubits of its own": (
        _RIGHT + "    from qiskit import QuantumRegister\n    circuit.add_register(QuantumRegister(1, 'mine'))\n",
        "bits of its own",
    ),
    "a qubit without a register": (
        _RIGHT + "    from qiskit.circuit import Qubit\n    circuit.add_bits([Qubit()])\n", "bits of its own",
    ),
    "another name": (_RIGHT.replace("def corrections", "def teleport"), "defines corrections"),
    "no Python": ("def corrections(:", "runs"),
    "a missing import": (_RIGHT.replace("import qnet_circuits as qn", "").replace("qn.", "qnet."), "runs"),
    "a bit that is not there": (_RIGHT.replace("bits[1]]", "bits[2]]"), "runs"),
    "it leaves": (HEAD + "    raise SystemExit(0)\n", "runs"),
}  # fmt: skip
