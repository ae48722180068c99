"""From outcomes to a key, and the notes about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.protocol import Analysis, Analyzed
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.observed import chsh_estimate, chsh_rounds, counted, error_rates, eve_figures, revealed
from qnet_circuits.qkd.postprocessing.alice import Impostor
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult, Ledger
from qnet_circuits.qkd.postprocessing.key_pool import FIRST_BYTES, KeyPool
from qnet_circuits.qkd.postprocessing.pool_state import STAMP_BYTES
from qnet_circuits.qkd.postprocessing.randomness import ROOT_BYTES, Randomness
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.rounds import Rounds, arrange
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.qkd.distribution import KeyDistribution

GROUPED = (
    "the rounds of each setting ran together, and secret random bits put all rounds in order afterwards; the number of "
    "rounds of each setting is on record, and the key pays for it since it counts Alice's bits, or their flips"
)
ONE_CONTROLLER = "one controller prepared and measured for both parties"
DRAWN = (
    "photon numbers, losses and dark counts were drawn at random; the state of each photon that arrived was one shot, and "
    "photons of one pulse that arrived together gave one bit; after-pulses of detectors are left out"
)
DIAGNOSTIC = "error rates are those of all sifted rounds; only this process can compare them, since it holds both records"


def distilled(protocol: KeyDistribution, outcomes: Mapping[str, Registers], analysis: Analysis) -> Analyzed:
    """Return the figures of a key distribution, its account, and the key if there is one.

    Args:
        protocol: The protocol.
        outcomes: {item: {register: bool array (shots, width)}}.
        analysis: Level and secret randomness.
    """
    lines = played(protocol, outcomes, analysis)
    figures = error_rates(protocol.bases, lines, analysis.level)
    figures.update(chsh_estimate(lines[0], analysis.level))
    figures.update(protocol.pulse_figures(lines[0], analysis.level))
    if protocol.eavesdropper is not None:
        figures.update(eve_figures(lines[0], analysis.level, source(analysis, "eve")))
    veto = protocol.veto(figures)
    if analysis.veto is not None:
        veto = Refusal.of(analysis.veto)
    held, announced = sessions(protocol, lines, analysis, veto), chsh_rounds(lines[0])
    drawn = [] if lines[0].photons is None else [DRAWN]
    # Of a long run the records are larger than all that follows; the parties drop theirs too.
    del lines
    results = [one.run() for one in held]
    # With a man in the middle one of the two sessions may succeed: the result of both parties is that of the worse session.
    result = min(results, key=lambda one: {"unauthenticated": 1, None: 2}.get(one.alarm, 0))
    result, refused = replace(result, ledger=revealed(result.ledger, announced)), result.reason
    figures.update(lengths(result.ledger))
    more = account(result)
    secrets: dict[str, Any] = {"secret_key": result.key}
    if refused is None:
        assert held[-1].bob.result is not None
        secrets["bob_key"] = held[-1].bob.result.key
    notes = with_notes([GROUPED, ONE_CONTROLLER, DIAGNOSTIC, *protocol.remarks, *drawn], result, analysis)
    if isinstance(protocol.eve, ManInTheMiddle):
        # Only the tags were missing: she has the string that Alice would accept as the key, and Bob's.
        more["eve_holds_key"] = all(one.alarm == "unauthenticated" for one in results)
        if more["eve_holds_key"]:
            notes.append("a man in the middle holds the string that Alice takes for the key, and Bob's too")
    return Analyzed(figures, more, tuple(notes), secrets, refused, str(result.ledger))


def lengths(ledger: Ledger) -> dict[str, Estimate]:
    """Return the length of the key, and the number of sifted bits, as figures."""
    return {"key_length": counted(ledger.net_key), "sifted": counted(ledger.sifted)}


def account(result: KeyResult) -> dict[str, Any]:
    """Return what a result shows of the sessions that made a key, in plain values."""
    return {
        "aborted": result.reason,
        "ledger": result.ledger.to_dict(),
        "fingerprint": result.fingerprint,
        "demonstration": True,
    }


def with_notes(notes: Sequence[str], result: KeyResult, analysis: Analysis) -> list[str]:
    """Return notes together with those on the seed and of the sessions, each once."""
    seeded = ["the random bits follow from the given seed"] * analysis.demonstration
    return list(dict.fromkeys([*notes, *seeded, *result.notes]))


def played(protocol: KeyDistribution, outcomes: Mapping[str, Registers], analysis: Analysis) -> list[Rounds]:
    """Return the rounds of each line in an order from the secret randomness, which is the same for each analysis."""
    return [
        protocol.labelled(
            arrange(line, outcomes, protocol.rounds, source(analysis, f"order {place}")),
            source(analysis, f"labels {place}"),
        )
        for place, line in enumerate(protocol.lines())
    ]


def sessions(
    protocol: KeyDistribution, lines: Sequence[Rounds], analysis: Analysis, veto: Refusal | None = None
) -> list[Session]:
    """Return the sessions in which the parties will distil a key: Alice with Bob, or each of them with a man in the middle."""
    hold = partial(Session, rules=protocol.rules, demonstration=analysis.demonstration, veto=veto)
    if not isinstance(protocol.eve, ManInTheMiddle):
        (rounds,) = lines
        return [hold(rounds.alice, rounds.bob, root=analysis.root)]
    # Alice with Eve, and Eve with Bob; the true pool is Alice's and Bob's alone. The tags alone must find her: she is given the
    # stamp, which proves nothing against somebody who breaks HMAC-SHA256.
    shared, guessed = (source(analysis, name).bytes(FIRST_BYTES) for name in ("shared", "guessed"))
    guessed = shared[:STAMP_BYTES] + guessed[STAMP_BYTES:]
    first, second = lines
    roots = [source(analysis, f"session {place}").bytes(ROOT_BYTES) for place in (0, 1)]
    hers = hold(first.alice, first.bob, root=roots[0], pools=(KeyPool(shared), KeyPool(guessed)))
    pools = KeyPool(guessed), KeyPool(shared)
    his = hold(second.alice, second.bob, root=roots[1], pools=pools)
    own = Randomness(stream="alice", root=roots[1], demonstration=analysis.demonstration)
    his.alice = Impostor(second.alice, protocol.rules, pools[0], own)
    his.alice.veto = veto
    return [hers, his]


def source(analysis: Analysis, stream: str) -> Randomness:
    """Return the random bits of a named stream, which follow from the secret of the analysis."""
    return Randomness(root=analysis.root, stream=stream, demonstration=analysis.demonstration)
