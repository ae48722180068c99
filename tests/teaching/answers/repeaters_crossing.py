"""Right and wrong answers to repeaters/crossing."""

_SAMPLED = """\
def crossing():
    loss, t2 = GIVEN
    link = qn.Link(length_km=1, scheme="sender", attenuation_db_per_km=loss, efficiency=0.8)
    lengths = list(range(26, 91, 4))
    table = qn.rates_over_distance(lengths, [1], link, memory_t2=t2, rounds=20_000, seed=1)
    over = [math.log(each.over_plob.value) for each in table[1]]
    return float(np.interp(0, over, lengths))
"""
_BISECTED = """\
def crossing():
    loss, t2 = GIVEN
    low, high = 10.0, 100.0
    rates = lambda length: qn.rates_over_distance(
        [length], [1], qn.Link(length_km=1, scheme="sender", attenuation_db_per_km=loss, efficiency=0.8),
        memory_t2=t2, rounds=20_000, seed=2)[1][0]
    while high - low > 0.2:
        middle = (low + high) / 2
        better = rates(middle).over_plob.value > 1
        low, high = (low, middle) if better else (middle, high)
    return middle
"""
_BY_FORMULA = """\
def crossing():
    loss, t2 = GIVEN
    def h(q):
        return -sum(x * math.log2(x) for x in (q, 1 - q) if x > 0)
    def over(length):
        eta = 10 ** (-loss * length / 10)
        p, q = 0.8 * eta**0.5, 1 - 0.8 * eta**0.5
        a = math.exp(-length / 2e5 / t2)
        kept = p / (2 - p) * (1 + q * a) / (1 - q * a)
        attempts = (3 - 2 * p) / (p * (2 - p)) + 0.5
        return (1 - h((1 - kept) / 2)) / attempts / -math.log2(1 - eta)
    return next(k / 100 for k in (*range(500, 12_000), 1) if k == 1 or over(k / 100) > 1)
"""


def _returning(value):
    return f"def crossing():\n    return {value!r}\n"


def right(asked):
    sources = {"sampled": _SAMPLED, "bisected": _BISECTED, "by a formula": _BY_FORMULA}
    return {label: source.replace("GIVEN", repr(asked.given)) for label, source in sources.items()}


def wrong(asked):
    formula = _BY_FORMULA.replace("GIVEN", repr(asked.given))
    mistakes = {
        "no T2": formula.replace("math.exp(-length / 2e5 / t2)", "1.0"),
        "perfect efficiency": formula.replace("0.8", "1.0"),
        "against its own direct link": formula.replace("-math.log2(1 - eta)", "(0.8 * eta)"),
        "half of the length": formula.replace("return next(k / 100", "return next(k / 200"),
        "no waiting for both": formula.replace("(3 - 2 * p) / (p * (2 - p))", "1 / p"),
        "loss as an exponent": formula.replace("10 ** (-loss * length / 10)", "math.exp(-loss * length)"),
        "the loss twice": formula.replace("0.8 * eta**0.5", "0.8 * eta"),
        "in metres": formula.replace("return next(k / 100", "return next(k * 10"),
        "nothing": _returning(None),
        "text": _returning("50 km"),
        "infinite": _returning(float("inf")).replace("inf", "math.inf"),
        "0": _returning(0),
    }
    return {label: (source, "crossing") for label, source in mistakes.items()}
