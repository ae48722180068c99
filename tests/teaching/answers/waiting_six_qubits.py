"""Right and wrong answers to waiting/six-qubits."""

#: Lines of the chip that are good enough, in different places.
_GOOD = (
    (105, 106, 107, 108, 109, 110), (69, 68, 67, 66, 65, 64), (57, 47, 46, 45, 44, 43), (63, 64, 65, 66, 67, 68),
    (87, 97, 107, 108, 109, 118),
)  # fmt: skip
#: Lines that lose too much in gates and readout, and lines that lose it by waiting.
_BAD = ((57, 47, 48, 49, 38, 29), (90, 91, 92, 93, 79, 73), (84, 85, 86, 87, 97, 107))
_WAITING = ((27, 17, 7, 8, 9, 10), (111, 98, 91, 90, 89, 88), (69, 78, 89, 88, 87, 86))


def _source(qubits):
    return f"def qubits():\n    return {qubits!r}\n"


def _best(lines):
    return f"""\
def qubits():
    def at(line):
        found = qn.predict(qn.RepeaterChain(hops=3), "fake_kingston", layout=line, corrections="feedforward")
        return found.fidelity.value
    return max({lines!r}, key=at)
"""


def right(asked):
    free = [list(line) for line in _GOOD if not set(line) & set(asked.taken)]
    return {
        "a line": _source(free[0]),
        "another": _source(tuple(free[1])),
        "the best of some": _best(free[:2]),
    }


def wrong(asked):
    free = _free(asked, _GOOD)
    foreign = asked.taken[0]
    return {
        "five": (_source(free[:5]), "six qubits"),
        "one twice": (_source([*free[:5], free[0]]), "six qubits"),
        "beyond the chip": (_source([*free[:5], 156]), "six qubits"),
        "text": (_source("105,106,107,97,87,86"), "six qubits"),
        "floats": (_source([float(each) for each in free]), "six qubits"),
        "nothing": (_source(None), "six qubits"),
        "taken": (_source([foreign, *free[1:]]), "free qubits"),
        "in no line": (_source([free[1], free[0], *free[2:]]), "in a line"),
        "far apart": (_source([*free[:5], 19 if 19 not in asked.taken else 155]), "in a line"),
        "gates too bad": (_source(_free(asked, _BAD)), "fidelity"),
        "it waits too badly": (_source(_free(asked, _WAITING)), "fidelity"),
    }


def _free(asked, lines):
    return next(list(line) for line in lines if not set(line) & set(asked.taken))
