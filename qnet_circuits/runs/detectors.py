"""One party's half of a run of a key distribution, for a session that two processes hold."""

from __future__ import annotations

from qnet_circuits.errors import UnsupportedError, check_name
from qnet_circuits.programs.protocol import Analysis
from qnet_circuits.qkd.distilling import ONE_CONTROLLER, played
from qnet_circuits.qkd.distribution import KeyDistribution
from qnet_circuits.qkd.hosts.detector_files import DetectorFile
from qnet_circuits.qkd.observed import chsh_estimate, error_rates
from qnet_circuits.runs.analysis import ANOTHER_SECRET, HANDED_IN, OTHER_PARAMETERS, Stored
from qnet_circuits.runs.results.outcomes import pooled


def detectors_of(stored: Stored, party: str, level: float = 0.95) -> DetectorFile:
    """Return what one party of a stored key distribution prepared or measured, with the rules of the run.

    The order of rounds follows from the run's secret bytes, so the files of both parties belong together. With a man in the
    middle Alice's record is that of her line, and Bob's that of his.

    Args:
        stored: The stored run.
        party: ``alice`` or ``bob``.
        level: Confidence level of the figures of a test outside of the session, such as a Bell test.

    Raises:
        UnknownNameError: If there is no such party.
        UnsupportedError: If the run is no key distribution, or may not give a key.
    """
    check_name("party", party, ("alice", "bob"))
    protocol = stored.protocol
    if not isinstance(protocol, KeyDistribution):
        raise UnsupportedError(
            f"{stored.manifest['protocol']} is no key distribution of two parties; give a run of bb84"
        )
    handed_in = stored.manifest.get("origin") is not None
    reasons = {HANDED_IN: handed_in, OTHER_PARAMETERS: stored.other, ANOTHER_SECRET: stored.lost}
    for reason in (reason for reason, applies in reasons.items() if applies):
        raise UnsupportedError(f"this run gives no records: {reason}")
    seeded = bool(stored.manifest["options"].get("seeded", True))
    lines = played(protocol, pooled(stored.outcomes()), Analysis(level, stored.root, seeded))
    figures = {**error_rates(protocol.bases, lines, level), **chsh_estimate(lines[0], level)}
    if (veto := protocol.veto(figures)) is not None:
        raise UnsupportedError(f"this run gives no key: {veto}")
    record = lines[0].alice if party == "alice" else lines[-1].bob
    return DetectorFile(record, protocol.rules, ONE_CONTROLLER)
