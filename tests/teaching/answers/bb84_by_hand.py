"""Right and wrong answers to bb84/by-hand."""


def _source(*found):
    return f"def by_hand():\n    return {found!r}\n"


def _table(asked):
    rows = list(enumerate(asked.rows, 1))
    kept = [k for k, row in rows if row.alice == row.bob]
    return rows, kept, [k for k, row in rows if row.alice == row.bob and row.sent != row.read]


def right(asked):
    _, kept, errors = _table(asked)
    rows = [tuple(row) for row in asked.rows]
    return {
        "by hand": _source(kept, errors, round(len(errors) / len(kept), 2)),
        "sets": f"def by_hand():\n    return {set(kept)!r}, {set(errors)!r}, {len(errors)} / {len(kept)}\n",
        "arrays": f"def by_hand():\n    return np.array({kept!r}), np.array({errors!r}), {len(errors)} / {len(kept)}\n",
        "by a loop": (
            f"def by_hand():\n    kept, errors = [], []\n    for k, (sent, a, b, read) in enumerate({rows}, 1):\n"
            "        if a == b:\n            kept.append(k)\n            if sent != read:\n                errors.append(k)\n"
            "    return [kept, errors, np.float64(len(errors)) / len(kept)]\n"
        ),
    }


def wrong(asked):
    rows, kept, errors = _table(asked)
    rate = len(errors) / len(kept)
    differ = [k for k, row in rows if row.sent != row.read]
    others = [k for k, _ in rows if k not in kept]
    return {
        "equal bits kept": (_source([k for k, _ in rows if k not in differ], errors, rate), "kept rounds"),
        "different bases kept": (_source(others, errors, rate), "kept rounds"),
        "errors thrown away": (_source([k for k in kept if k not in errors], errors, rate), "kept rounds"),
        "counted from 0": (_source([k - 1 for k in kept], [k - 1 for k in errors], rate), "kept rounds"),
        "all differences": (_source(kept, differ, rate), "errors"),
        "what agrees": (_source(kept, [k for k in kept if k not in errors], rate), "errors"),
        "over all rounds": (_source(kept, errors, len(errors) / 20), "QBER"),
        "all over all": (_source(kept, differ, len(differ) / 20), "QBER"),
        "theory": (_source(kept, errors, 0.25), "QBER"),
        "agreement": (_source(kept, errors, 1 - rate), "QBER"),
        "a number of errors": (_source(kept, errors, len(errors)), "QBER"),
        "per cent": (_source(kept, errors, 100 * rate), "QBER"),
        "the rate alone": (f"def by_hand():\n    return {rate}\n", "three things"),
        "rounds as text": (_source(str(kept), str(errors), rate), "three things"),
    }
