"""Right and wrong answers to cascade/halving."""

_HALVES = """\
def locate(differ):
    places = list(range(32))
    while len(places) > 1:
        half = len(places) // 2
        first, second = places[:half], places[half:]
        places = first if differ(first) else second
    return places[0]
"""

RIGHT = {
    "halves": _HALVES,
    "binary digits": (
        "def locate(differ):\n    return sum(2**k for k in range(5) if differ([p for p in range(32) if p >> k & 1]))\n"
    ),
    "recursion": (
        "def locate(differ, low=0, high=32):\n    if high - low == 1:\n        return np.int64(low)\n"
        "    middle = (low + high) // 2\n"
        "    return locate(differ, middle, high) if differ(range(middle, high)) else locate(differ, low, middle)\n"
    ),
}  # fmt: skip

WRONG = {
    "one place after the other": ("def locate(differ):\n    return next(p for p in range(32) if differ([p]))\n", "questions"),
    "from the end": ("def locate(differ):\n    return next((p for p in range(31, 0, -1) if differ([p])), 0)\n", "questions"),
    "both halves": (_HALVES.replace("if differ(first)", "if differ(first) and not differ(second)"), "questions"),
    "thirds": (_HALVES.replace("len(places) // 2", "max(1, len(places) // 3)"), "questions"),
    "checked at the end": (_HALVES.replace("return places[0]", "return places[0] if differ(places) else None"), "questions"),
    "the wrong half": (_HALVES.replace("first if differ(first) else second", "second if differ(first) else first"),
                       "place of the error"),
    "counted from 1": (_HALVES.replace("return places[0]", "return places[0] + 1"), "place of the error"),
    "counted from 1, round the end": (_HALVES.replace("return places[0]", "return (places[0] + 1) % 32"), "place of the error"),
    "too early": (_HALVES.replace("> 1", "> 2"), "place of the error"),
    "a guess": ("def locate(differ):\n    return 7\n", "place of the error"),
    "a list": (_HALVES.replace("places[0]", "places"), "place of the error"),
    "places that are not there": ("def locate(differ):\n    return differ(range(33))\n", "runs"),
    "for ever": ("def locate(differ):\n    while True:\n        differ([0])\n", "runs"),
}  # fmt: skip
