"""Right and wrong answers to bell-game/classical."""

_LOOPS = """\
def best(wins):
    found = (-1, None, None)
    for k in range(16):
        a, b = (k & 1, k >> 1 & 1), (k >> 2 & 1, k >> 3)
        share = sum(bool(wins(x, y, a[x], b[y])) for x in (0, 1) for y in (0, 1)) / 4
        if share > found[0]:
            found = (share, a, b)
    return found
"""

RIGHT = {
    "loops": _LOOPS,
    "itertools": (
        "from itertools import product\n\ndef best(wins):\n    pairs = list(product((0, 1), repeat=2))\n"
        "    def won(a, b):\n        return np.mean([wins(x, y, a[x], b[y]) for x, y in pairs])\n"
        "    return max((float(won(a, b)), a, b) for a in pairs for b in pairs)\n"
    ),
    "arrays": _LOOPS.replace("a, b)\n", "np.array(a, dtype=float), np.array(b, dtype=bool))\n"),
    "the best reply": (
        "def best(wins):\n    plays = []\n    for a in ([0, 0], [0, 1], [1, 0], [1, 1]):\n"
        "        score = [[sum(wins(x, y, a[x], b) for x in (0, 1)) for b in (0, 1)] for y in (0, 1)]\n"
        "        b = [int(s[1] > s[0]) for s in score]\n        plays.append((sum(map(max, score)) / 4, a, b))\n"
        "    return max(plays, key=lambda play: play[0])\n"
    ),
}

WRONG = {
    "guesses": ("def best(wins):\n    return 0.5, (0, 1), (0, 1)\n", "Bell's game: share"),
    "quantum": (f"def best(wins):\n    return {0.5 + 2**0.5 / 4}, (0, 0), (0, 0)\n", "Bell's game: share"),
    "always": ("def best(wins):\n    return 1.0, (0, 0), (0, 0)\n", "Bell's game: share"),
    "Bell's game alone": ("def best(wins):\n    return 0.75, (0, 0), (0, 0)\n", "a game of equal answers: share"),
    "a strategy that does not belong to it": (_LOOPS.replace("    return found", "    return found[0], (1, 0), (0, 0)"),
                                              "a game of equal answers: strategy"),
    "constant answers": (_LOOPS.replace("(k & 1, k >> 1 & 1), (k >> 2 & 1, k >> 3)", "(k & 1,) * 2, (k >> 2 & 1,) * 2"),
                         "a game of unequal questions: share"),
    "the worst": (_LOOPS.replace("share >", "-share >").replace("return found", "return (found[0], *found[1:])"),
                  "a game of equal answers: share"),
    "a count": (_LOOPS.replace(" / 4", ""), "Bell's game: share"),
    "the share alone": (_LOOPS.replace("return found", "return found[0]"), "Bell's game: an answer"),
    "questions exchanged": (_LOOPS.replace("wins(x, y, a[x], b[y])", "wins(x, y, a[y], b[x])"), "your game: strategy"),
}  # fmt: skip
