"""Right and wrong answers to teleportation/nothing-arrives."""

HEAD = "STATES = ('0', '1', '+', '-', '+i', '-i')\n\ndef depends(measure):\n"
_POINTS = "    points = np.array([[measure(s, a) for a in 'XYZ'] for s in STATES])\n"

RIGHT = {
    "spread of each axis": HEAD + _POINTS + "    return bool(np.ptp(points, axis=0).max() > 1e-9)\n",
    "opposite states": (
        "def depends(measure):\n    for one, other in (('0', '1'), ('+', '-'), ('+i', '-i')):\n        for axis in 'XYZ':\n"
        "            if abs(measure(one, axis) - measure(other, axis)) > 1e-6:\n                return True\n    return False\n"
    ),
    "four states tell a linear map": (
        "def depends(measure):\n    first = [measure('0', a) for a in 'XYZ']\n"
        "    return any(not np.allclose(first, [measure(s, a) for a in 'XYZ'], atol=1e-8) for s in ('1', '+', '+i'))\n"
    ),
}  # fmt: skip

_AXES = "    along = {'0': ('Z', 1), '1': ('Z', -1), '+': ('X', 1), '-': ('X', -1), '+i': ('Y', 1), '-i': ('Y', -1)}\n"
WRONG = {
    "a fidelity": (
        HEAD + _AXES + "    return any(abs(v * measure(s, a)) > 1e-6 for s, (a, v) in along.items())\n", "the rotation by 120°",
    ),
    "a mean fidelity": (
        HEAD + _AXES + "    return abs(sum(v * measure(s, a) for s, (a, v) in along.items())) > 1e-6\n", "the rotation back",
    ),
    "Z alone": (HEAD + "    return abs(measure('0', 'Z') - measure('1', 'Z')) > 1e-6\n", "phases alone"),
    "X and Z alone": (
        HEAD + "    return any(np.ptp([measure(s, a) for s in '01+-']) > 1e-6 for a in 'XZ')\n", "circular phases alone",
    ),
    "all must be zero": (HEAD + _POINTS + "    return bool(abs(points).max() > 1e-9)\n", "a fixed qubit"),
    "a length": (HEAD + _POINTS + "    return bool(np.linalg.norm(points, axis=1).max() > 1e-9)\n", "a fixed mixed qubit"),
    "a length that changes": (HEAD + _POINTS + "    return bool(np.ptp(np.linalg.norm(points, axis=1)) > 1e-6)\n",
                              "the state itself"),
    "rounding errors": (HEAD + _POINTS + "    return bool(np.ptp(points, axis=0).max() > 0)\n", "before the message"),
    "blunt": (HEAD + _POINTS + "    return bool(np.ptp(points, axis=0).max() > 0.5)\n", "a weak signal"),
    "positive signals": (HEAD + "    return measure('0', 'Z') - measure('1', 'Z') > 1e-6\n", "an inverted copy"),
    "each axis against one state": (
        HEAD + _AXES + "    return any(abs(measure(s, a) - measure('0', a)) > 1e-6 for s, (a, _) in along.items())\n",
        "one axis, seen along another",
    ),
    "always": (HEAD + "    return True\n", "before the message"),
    "never": (HEAD + "    return False\n", "the state itself"),
    "a number": (HEAD + "    return abs(measure('0', 'Z'))\n", "before the message"),
    "a state that is not there": (HEAD + "    return measure('up', 'Z') > 0\n", "runs"),
}  # fmt: skip
