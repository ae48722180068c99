"""Right and wrong answers to teleportation/table."""

#: The Pauli that each outcome needs over each pair, X to the second bit and Z to the first, times that of the pair.
_TABLES = {"Φ-": "ZYIX", "Ψ+": "XIYZ", "Ψ-": "YZXI"}


def _source(paulis):
    return f"def table():\n    return dict(zip(('00', '01', '10', '11'), {paulis!r}))\n"


_BY_MATRICES = """\
def table():
    paulis = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}
    psi = np.array([0.6, 0.8j])
    state = np.einsum("d,hb->dhb", psi, PAIR / 2**0.5)
    after = np.zeros((2, 2, 2), dtype=complex)
    for d in (0, 1):
        for h in (0, 1):
            for m in (0, 1):
                after[m, h ^ d] += (-1) ** (m * d) * state[d, h] / 2**0.5
    right = {}
    for a in (0, 1):
        for b in (0, 1):
            bob = after[a, b] / np.linalg.norm(after[a, b])
            right[f"{a}{b}"] = next(p for p in paulis if abs(psi.conj() @ paulis[p] @ bob) > 0.999)
    return right
"""
_AMPLITUDES = {
    "Φ-": "np.diag([1, -1])",
    "Ψ+": "np.array([[0, 1], [1, 0]])",
    "Ψ-": "np.array([[0, 1], [-1, 0]])",
}
_BY_RULE = """\
def table():
    x0, z0 = {bits}
    return {{f"{{a}}{{b}}": "IXZY"[(b ^ x0) + 2 * (a ^ z0)] for a in (0, 1) for b in (0, 1)}}
"""


def right(asked):
    pair = asked.pair
    bits = {"Φ-": (0, 1), "Ψ+": (1, 0), "Ψ-": (1, 1)}[pair]
    return {
        "by hand": _source(_TABLES[pair]),
        "by a rule": _BY_RULE.format(bits=bits),
        "by matrices": _BY_MATRICES.replace("PAIR", _AMPLITUDES[pair]),
    }


def wrong(asked):
    table = _TABLES[asked.pair]
    other = {"I": "X", "X": "Y", "Y": "Z", "Z": "I"}
    # A Pauli that stands for the first and for the last result alike cannot be right for both.
    return {
        "that of the other pair": (_source("IXZY"), "result 00"),
        "bits exchanged": (_source(table[0] + table[2] + table[1] + table[3]), "result 01"),
        "one Pauli for all": (_source(table[0] * 4), "result 11"),
        "the first alone wrong": (_source(other[table[0]] + table[1:]), "result 00"),
        "the last alone wrong": (_source(table[:3] + other[table[3]]), "result 11"),
        "reversed": (_source(table[::-1]), "result 00"),
        "no dictionary": ("def table():\n    return 'IXZY'\n", "the table"),
        "a result missing": ("def table():\n    return {'00': 'I', '01': 'X', '10': 'Z'}\n", "the table"),
        "no Paulis": (_source("IXZH"), "the table"),
        "lists in place of Paulis": ("def table():\n    return dict.fromkeys(('00', '01', '10', '11'), ['X'])\n", "the table"),
    }  # fmt: skip
