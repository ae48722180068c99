"""From the outcomes of a conference key distribution to one key for all parties, and the figures about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.protocol import Analysis, Analyzed
from qnet_circuits.qkd.circuits import OUT
from qnet_circuits.qkd.distilling import (
    DIAGNOSTIC,
    GROUPED,
    ONE_CONTROLLER,
    account,
    lengths,
    source,
    with_notes,
)
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.channel import encode_bits, pack
from qnet_circuits.qkd.postprocessing.conference import Conference
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.schemes import FLIPPED
from qnet_circuits.qkd.settings import BASES, Line
from qnet_circuits.secrecy import Unpicklable
from qnet_circuits.theory.conference import conference_rate
from qnet_circuits.theory.estimate import Estimate, proportion

NOT_RUN = "rounds in which the parties' bases differ are counted and not run, since the parties drop them"
#: Their numbers in a record.
_Z, _X = BASES.index("z"), BASES.index("x")


class ConferenceProtocol(Protocol):
    """What the analysis needs to know of a protocol."""

    @property
    def rounds(self) -> int:
        """Number of rounds."""

    @property
    def rules(self) -> SessionParameters:
        """The rules of the classical half."""

    @property
    def line(self) -> Line:
        """The kinds of rounds."""


@dataclass(frozen=True, eq=False)
class ConferenceRounds(Unpicklable):
    """The rounds in which all parties had the same basis, in order. Its repr shows no bits.

    Args:
        bases: The number of the common basis of each round.
        bits: One row for each party.
    """

    bases: NDArray[np.uint8] = field(repr=False)
    bits: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def arranged(
        cls, line: Line, outcomes: Mapping[str, Registers], randomness: Randomness
    ) -> ConferenceRounds:
        """Put the rounds of all kinds into a random order; flipped bits of the first party are flipped back."""
        rows = []
        for setting in line:
            if setting.name in outcomes:
                out = np.array(outcomes[setting.name][OUT], np.uint8).T
                out[0] ^= setting.flip
                rows.append(np.vstack([np.full(out.shape[1], BASES.index(setting.alice), np.uint8), out]))
        parties = max((len(each) - 1 for each in rows), default=2)
        joined = np.concatenate([np.zeros((parties + 1, 0), np.uint8), *rows], axis=1)
        bases, *bits = joined[:, randomness.order(joined.shape[1])]
        return cls(bases, np.array(bits))

    def records(self) -> tuple[PartyRecord, list[PartyRecord]]:
        """Return the first party's record, and one of each member.

        Bits in X are announced by all members, and the first party's bit is compared with their parity.
        """
        first, *members = self.bits
        together = np.bitwise_xor.reduce(np.array(members), axis=0)
        theirs = [np.where(self.bases == _X, together, own) for own in members]
        return PartyRecord(self.bases, first), [PartyRecord(self.bases, own) for own in theirs]

    @property
    def announced(self) -> bytes:
        """What was said aloud: the basis of each round, and the members' bits in X."""
        return pack(encode_bits(self.bases), *(encode_bits(own[self.bases == _X]) for own in self.bits[1:]))

    def rate(self, level: float) -> dict[str, Estimate]:
        """Return the asymptotic rate for the error rates of all rounds, if there are rounds in both bases."""
        key = self.bases == _Z
        n, k = int(key.sum()), int((~key).sum())
        if not n or not k:
            return {}
        wrong = (self.bits[1:] ^ self.bits[0])[:, key].sum(axis=1)
        odd = np.bitwise_xor.reduce(self.bits, axis=0)[~key].sum()
        each = 1 - (1 - level) / (len(wrong) + 1)
        rates = [proportion(int(errors), n, each) for errors in wrong]
        return {"key_rate": rate_of(rates, proportion(int(odd), k, each), level)}


def rate_of(key: Sequence[Estimate], phase: Estimate, level: float) -> Estimate:
    """Return the asymptotic rate for error rates, which falls with each of them; their intervals hold together at the level."""
    value, high, low = (
        conference_rate([getattr(one, end) for one in key], getattr(phase, end))
        for end in ("value", "low", "high")
    )
    return Estimate(value, low, high, level, "of the limits of all error rates", phase.n)


def conferred(
    protocol: ConferenceProtocol, outcomes: Mapping[str, Registers], analysis: Analysis
) -> Analyzed:
    """Return the figures of a conference key distribution, its account, and the key of all parties if there is one.

    Args:
        protocol: The protocol.
        outcomes: {item: {register: bool array (shots, width)}}.
        analysis: Level and secret randomness.
    """
    rounds = ConferenceRounds.arranged(protocol.line, outcomes, source(analysis, "order"))
    first, members = rounds.records()
    conference = Conference(
        first,
        members,
        protocol.rules,
        root=analysis.root,
        demonstration=analysis.demonstration,
        announced=rounds.announced,
        veto=None if analysis.veto is None else Refusal.of(analysis.veto),
    )
    result = conference.run()
    if not len(first):
        # The sessions know only of rounds with equal bases.
        why = f"no round with the same basis of all parties is left of {protocol.rounds}; raise rounds"
        result = replace(result, reason=str(Refusal("short", why)))
    ledger = replace(result.ledger, pulses=protocol.rounds, detected=protocol.rounds)
    figures = {**rounds.rate(analysis.level), **lengths(ledger)}
    secrets: dict[str, Any] = {"secret_key": result.key}
    if result.reason is None:
        secrets["member_keys"] = tuple(conference.keys[1:])
    notes = with_notes([GROUPED, NOT_RUN, ONE_CONTROLLER, DIAGNOSTIC, FLIPPED], result, analysis)
    more = account(replace(result, ledger=ledger))
    return Analyzed(figures, more, tuple(notes), secrets, result.reason, str(ledger))
