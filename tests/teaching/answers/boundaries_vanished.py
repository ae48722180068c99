"""Right and wrong answers to boundaries/vanished."""


def _source(rounds):
    return f"def vanished():\n    return {rounds!r}\n"


def _numbers(asked, which):
    return [k for k, each in enumerate(asked.rounds, 1) if which(each)]


def right(asked):
    rounds = [tuple(each) for each in asked.rounds]
    return {
        "by hand": _source(_numbers(asked, lambda each: each.alice == each.bob == "X")),
        "a set, by matrices": (
            f"def vanished():\n    h = np.array([[1, 1], [1, -1]]) / 2**0.5\n    found = set()\n"
            f"    for k, (bit, a, b) in enumerate({rounds}):\n"
            "        both = (h if b == 'X' else np.eye(2)) @ (h if a == 'X' else np.eye(2))\n"
            "        if a + b != 'ZZ' and np.allclose(both, np.eye(2)):\n            found.add(k + 1)\n    return found\n"
        ),
        "by compiling": (
            f"from qiskit import QuantumCircuit, transpile\n\ndef vanished():\n    found = []\n"
            f"    for k, (bit, a, b) in enumerate({rounds}, 1):\n        c = QuantumCircuit(1)\n"
            "        if bit:\n            c.x(0)\n"
            "        for basis in (a, b):\n            if basis == 'X':\n                c.h(0)\n"
            "        left = transpile(c, basis_gates=['h', 'x'], optimization_level=1)\n"
            "        if 'h' in c.count_ops() and 'h' not in left.count_ops():\n            found.append(k)\n    return found\n"
        ),
    }


def wrong(asked):
    missing, extra = "no round is missing", "no round too many"
    lost = _numbers(asked, lambda each: each.alice == each.bob == "X")
    return {
        "equal bases": (_source(_numbers(asked, lambda each: each.alice == each.bob)), extra),
        "any H": (_source(_numbers(asked, lambda each: "X" in each[1:])), extra),
        "Alice's": (_source(_numbers(asked, lambda each: each.alice == "X")), extra),
        "Bob's": (_source(_numbers(asked, lambda each: each.bob == "X")), extra),
        "different bases": (_source(_numbers(asked, lambda each: each.alice != each.bob)), missing),
        "without X": (_source([k for k in lost if not asked.rounds[k - 1].bit]), missing),
        "counted from 0": (_source([k - 1 for k in lost if k > 1] or [1]), missing),
        "none": (_source([]), missing),
        "all": (_source(list(range(1, 13))), extra),
        "one more than there are": (_source([13]), "a list of rounds"),
        "a number": (_source(3), "a list of rounds"),
        "text": (_source("1, 4"), "a list of rounds"),
    }
