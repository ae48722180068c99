"""Right and wrong answers to superdense/protocol."""

HEAD = "import qnet_circuits as qn\n\ndef superdense(circuit, alice, bob, out, message, link):\n"


def _lines(text):
    return HEAD + "".join(f"    {line}\n" for line in text.strip().split("\n"))


_PAIR = "qn.entangle(circuit, alice[0], bob[0], link)\n"
_ENCODE = "if message[1] == '1': circuit.x(alice[0])\nif message[0] == '1': circuit.z(alice[0])\n"
_SEND = "qn.transmit(circuit, alice[0], bob[1])\n"
_DECODE = "circuit.cx(bob[1], bob[0])\ncircuit.h(bob[1])\ncircuit.measure(bob[1], out[0])\ncircuit.measure(bob[0], out[1])"
_RIGHT = _lines(_PAIR + _ENCODE + _SEND + _DECODE)

RIGHT = {
    "by hand": _RIGHT,
    "with a block and a noisy crossing": _lines(
        _PAIR + _ENCODE + _SEND.replace("bob[1])", "bob[1], link)")
        + "qn.bell_measurement(circuit, bob[1], bob[0], z_bit=out[0], x_bit=out[1])"
    ),
    "bits the other way round": _lines(
        _PAIR + "if message == '11': circuit.y(alice[0])\nelif message == '10': circuit.x(alice[0])\n"
        "elif message == '01': circuit.z(alice[0])\n" + _SEND
        + "circuit.cx(bob[1], bob[0])\ncircuit.h(bob[1])\ncircuit.measure(bob, [out[0], out[1]])"
    ),
}  # fmt: skip

WRONG = {
    "no encoding": (_lines(_PAIR + _SEND + _DECODE), "message 11"),
    "no Z": (_RIGHT.replace("circuit.z(alice[0])", "pass"), "message 10"),
    "bits exchanged": (
        _RIGHT.replace("bob[1], out[0]", "bob[1], out[1]").replace("bob[0], out[1]", "bob[0], out[0]"), "message 01",
    ),
    "no Hadamard": (_RIGHT.replace("circuit.h(bob[1])", "pass"), "message 00"),
    "no CNOT": (_RIGHT.replace("circuit.cx(bob[1], bob[0])", "pass"), "message 00"),
    "CNOT the wrong way": (_RIGHT.replace("cx(bob[1], bob[0])", "cx(bob[0], bob[1])"), "message 00"),
    "no link": (_RIGHT.replace("bob[0], link)", "bob[0])"), "over a link of pure noise"),
    "Bob knows the message": (
        _lines(_PAIR + "circuit.reset(bob[0])\n" + _SEND + "circuit.reset(bob[1])\nif message[0] == '1': circuit.x(bob[0])\n"
               "if message[1] == '1': circuit.x(bob[1])\ncircuit.measure(bob, out)"),
        "over a link of pure noise",
    ),
    "nothing is sent": (
        _lines(_PAIR + _ENCODE + "circuit.cx(alice[0], bob[0])\ncircuit.measure(bob, out)"), "is a network program",
    ),
    "classical messages": (
        _lines("if message[0] == '1': circuit.x(alice[0])\ncircuit.measure(alice[0], out[0])\n"
               "qn.correct(circuit, bob[0], x=[out[0]])\n"
               "circuit.reset(alice[0])\nif message[1] == '1': circuit.x(alice[0])\ncircuit.measure(alice[0], out[1])"),
        "classical bits",
    ),
    "a used qubit": (_RIGHT.replace("alice[0], bob[1])", "alice[0], bob[0])"), "is a network program"),
    "bits of its own": (
        _RIGHT + "    from qiskit import ClassicalRegister\n    circuit.add_register(ClassicalRegister(1, 'mine'))\n",
        "bits of its own",
    ),
    "nothing": (_lines("circuit.copy().h(0)"), "instructions appended"),
}  # fmt: skip
