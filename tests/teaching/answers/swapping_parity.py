"""Right and wrong answers to swapping/parity."""

_RULE = "def pauli(results):\n    x = sum(b for _, b in results) % 2\n"
_RULE += "    z = sum(a for a, _ in results) % 2\n    return 'IXZY'[x + 2 * z]\n"

RIGHT = {
    "sums": _RULE,
    "XOR": (
        "def pauli(results):\n    x = z = 0\n    for a, b in results:\n        z ^= a\n        x ^= b\n"
        "    return {(0, 0): 'I', (1, 0): 'X', (0, 1): 'Z', (1, 1): 'Y'}[x, z]\n"
    ),
    "products of Paulis": (
        "def pauli(results):\n    from qiskit.quantum_info import Pauli\n    total = Pauli('I')\n    for a, b in results:\n"
        "        total = total @ Pauli(([bool(a)], [bool(b)]))\n"
        "    total.phase = 0\n    return str(total)\n"
    ),
}  # fmt: skip

WRONG = {
    "bits exchanged": (_RULE.replace("x + 2 * z", "z + 2 * x"), "n = 1"),
    "no Y": (_RULE.replace("IXZY", "IXZI"), "n = 1"),
    "X first": (_RULE.replace("IXZY", "IZXY"), "n = 1"),
    "nothing": (_RULE.replace("IXZY", "IIII"), "n = 1"),
    "the last station": (_RULE.replace("in results", "in results[-1:]"), "n = 2"),
    "the first station": (_RULE.replace("in results", "in results[:1]"), "n = 2"),
    "or": (_RULE.replace("sum(b for _, b in results) % 2", "max(b for _, b in results)"), "n = 2"),
    "a sum that does not wrap": (_RULE.replace("a for a, _ in results) % 2", "a for a, _ in results) > 0"), "n = 2"),
    "every other station": (_RULE.replace("in results)", "in results[:2])"), "n = 3"),
    "the ends": (_RULE.replace("in results)", "in (results[:1] + results[-1:] if len(results) > 1 else results))"), "n = 3"),
    "the first three": (_RULE.replace("in results)", "in results[:3])"), "n = 4"),
    "numbers": (_RULE.replace("'IXZY'[x + 2 * z]", "x + 2 * z"), "n = 1"),
    "no list": ("def pauli(results):\n    return results.pauli\n", "runs"),
}  # fmt: skip
