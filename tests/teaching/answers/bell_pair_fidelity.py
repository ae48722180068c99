"""Right and wrong answers to bell-pair/fidelity."""

HEAD = (
    "def sign(counts):\n    same = counts.get('00', 0) + counts.get('11', 0)\n"
    "    return 2 * same / sum(counts.values()) - 1\n\n\ndef fidelity(xx, yy, zz):\n    x, y, z = map(sign, (xx, yy, zz))\n"
)

RIGHT = {
    "correlators": HEAD + "    return (1 + x - y + z) / 4\n",
    "probabilities": (
        "def fidelity(xx, yy, zz):\n    def equal(c):\n"
        "        return sum(n for key, n in c.items() if key[0] == key[1]) / sum(c.values())\n"
        "    return (equal(xx) + (1 - equal(yy)) + equal(zz) - 1) / 2\n"
    ),
    "a matrix": (
        "def fidelity(xx, yy, zz):\n    from qiskit.quantum_info import SparsePauliOp, Statevector\n"
        "    def e(c):\n        return sum((-1) ** (int(k[0]) + int(k[1])) * n for k, n in c.items()) / sum(c.values())\n"
        "    rho = SparsePauliOp(['II', 'XX', 'YY', 'ZZ'], [0.25, e(xx) / 4, e(yy) / 4, e(zz) / 4])\n"
        "    phi = Statevector([0.5**0.5, 0, 0, 0.5**0.5])\n    return float(phi.expectation_value(rho).real)\n"
    ),
}

WRONG = {
    "Z alone": (HEAD + "    return (1 + z) / 2\n", "a pair of independent coins"),
    "plus YY": (HEAD + "    return (1 + x + y + z) / 4\n", "a perfect pair"),
    "two correlators": (HEAD + "    return (x + z) / 2\n", "a pair of independent coins"),
    "without YY": (HEAD + "    return (1 + x + z) / 4\n", "a perfect pair"),
    "a mean of agreements": (HEAD + "    return (3 + x - y + z) / 6\n", "a pair of independent coins"),
    "a mean of correlators": (HEAD + "    return (x - y + z) / 3\n", "a pair of independent coins"),
    "over three": (HEAD + "    return (1 + x - y + z) / 3\n", "a perfect pair"),
    "always one": ("def fidelity(xx, yy, zz):\n    return 1.0\n", "coins that agree"),
    "text": ("def fidelity(xx, yy, zz):\n    return '1'\n", "a perfect pair"),
    "nothing": ("def fidelity(xx, yy, zz):\n    1.0\n", "a perfect pair"),
    "a missing outcome": (HEAD.replace("counts.get('00', 0)", "counts['00']") + "    return (1 + x - y + z) / 4\n", "runs"),
    "magnitudes": (HEAD + "    return (1 + abs(x) + abs(y) + abs(z)) / 4\n", "the pair with the other sign"),
}  # fmt: skip
