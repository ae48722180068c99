"""Right and wrong answers to first-look/latency."""

_AT = """\
def at(latency):
    found = qn.predict(qn.Teleportation(), "fake_kingston", layout=LAYOUT, corrections="feedforward",
                       noise={"feedforward_latency": latency})
    return found.fidelity.value


def prediction():
    a, b = at(0.0), at(5e-6)
"""


def right(asked):
    start = _AT.replace("LAYOUT", repr(list(asked.layout)))
    return {
        "an exponential": start + "    return 0.5 + (b - 0.5) ** 2 / (a - 0.5)\n",
        "a parabola": start + "    m = at(2.5e-6)\n    return float(np.polyval(np.polyfit([0, 2.5, 5], [a, m, b], 2), 10))\n",
        "a fit": start + (
            "    times = np.array([0, 1, 2, 3, 4, 5])\n    logs = np.log([at(t * 1e-6) - 0.5 for t in times])\n"
            "    slope, first = np.polyfit(times, logs, 1)\n    return 0.5 + float(np.exp(first + 10 * slope))\n"
        ),
    }  # fmt: skip


def wrong(asked):
    start = _AT.replace("LAYOUT", repr(list(asked.layout)))
    mistakes = {
        "no latency": "a",
        "half of it": "b",
        "a straight line": "2 * b - a",
        "a decay to 0": "b * b / a",
        "nothing left": "0.5",
        "perfect": "1.0",
        "in per cent": "100 * (0.5 + (b - 0.5) ** 2 / (a - 0.5))",
        "an interval": "(0.7, 0.9)",
        "the loss": "2 * (a - b)",
        "not a number": "math.nan",
    }
    return {label: (f"{start}    return {said}\n", "fidelity at 10 µs") for label, said in mistakes.items()}
