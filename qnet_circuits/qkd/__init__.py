"""The classical half of quantum key distribution: from two parties' records of bits and bases to a secret key.

``postprocessing`` does not depend on circuits. Each of two parties holds one record, and they talk only over a recorded
classical channel: ``session`` runs both parties in one call; ``alice`` and ``bob`` are for two laboratories. The ledger lists
every revealed bit and every failure probability. The formulas are in ``finite_key`` and ``theory``.

The tolerated error rate is fixed before the session and bounds what an eavesdropper knows; if the observed rate is higher,
there is no key. In a session with keys of variable length the observed rate takes its place. Bits that error correction
reveals are counted as they are revealed.

Example:
    >>> from qnet_circuits.qkd.postprocessing.session import Session
    >>> from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
    >>> Session(PartyRecord([0, 1], [1, 0]), PartyRecord([0, 1], [1, 0])).run().reason
    'short: 0 secret bits remain of 1 key bits and 1 test bits, of which 0 differ; more than 832 are
    needed (768 for authentication, 64 to show)'
"""
