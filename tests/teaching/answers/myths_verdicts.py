"""Right and wrong answers to myths/verdicts."""


def _source(found):
    return f"def verdicts():\n    return {found!r}\n"


def _numbers(asked):
    fidelity, links, qber, share = asked.given
    visibility = ((4 * fidelity - 1) / 3) ** links
    return {
        "instant": (False, 0), "a little": (False, 0.5), "post-selection": (False, 0.25), "same bits": (True, 0),
        "two for one": (False, 2), "amplifiers": (False, (1 + 3 * visibility) / 4),
        "Bell is key": (False, 8**0.5 * (1 - 2 * qber)), "noticed": (True, share / 4),
    }  # fmt: skip


def right(asked):
    fidelity, links, qber, share = asked.given
    return {
        "numbers": _source(_numbers(asked)),
        "rounded": _source({name: (truth, float(f"{number:.3g}")) for name, (truth, number) in _numbers(asked).items()}),
        "by experiments": (
            "def verdicts():\n"
            "    without = qn.run(qn.Teleportation(), 'exact', corrections='none').fidelity.value\n"
            "    bits = [np.concatenate([r['out'].ravel() for r in qn.submit(qn.Teleportation('1'), shots=50, seed=3,"
            " corrections='none').outcomes().values()]) for _ in range(2)]\n"
            f"    far = qn.run(qn.RepeaterChain(hops={links}, link_fidelity={fidelity}), 'exact').fidelity.value\n"
            f"    s = qn.run(qn.Chsh(link_fidelity={1 - 1.5 * qber}), 'exact').s_value.value\n"
            "    return {'instant': [False, 2 * without - 1], 'a little': [False, without], 'post-selection': [False, 1 / 4],\n"
            "            'same bits': [True, int((bits[0] != bits[1]).sum())], 'two for one': [False, 2],\n"
            "            'amplifiers': [False, far],\n"
            f"            'Bell is key': [False, s], 'noticed': [True, {share} * 0.5 * 0.5]}}\n"
        ),
    }  # fmt: skip


def wrong(asked):
    fidelity, links, _, share = asked.given
    numbers = _numbers(asked)
    mistakes = {
        "a fidelity for a component": ("instant", (False, 0.5)),
        "it is instant": ("instant", (True, 0)),
        "two thirds": ("a little", (False, 2 / 3)),
        "a quarter": ("a little", (False, 0.25)),
        "half is kept": ("post-selection", (False, 0.5)),
        "half of the bits change": ("same bits", (False, 0.5)),
        "one qubit": ("two for one", (True, 1)),
        "fidelities multiply": ("amplifiers", (False, fidelity**links)),
        "errors add up": ("amplifiers", (False, 1 - links * (1 - fidelity))),
        "they amplify": ("amplifiers", (True, fidelity)),
        "S without errors": ("Bell is key", (True, 8**0.5)),
        "Bell is key": ("Bell is key", (True, numbers["Bell is key"][1])),
        "all intercepted": ("noticed", (True, 0.25)),
        "wrong every time": ("noticed", (True, share / 2)),
        "no number": ("noticed", True),
        "text": ("instant", ("false", "0")),
    }
    return {
        **{label: (_source({**numbers, name: said}), name) for label, (name, said) in mistakes.items()},
        "a statement is missing": (
            _source({k: v for k, v in numbers.items() if k != "same bits"}),
            "same bits",
        ),
        "a list": (_source(list(numbers.values())), "instant"),
    }
