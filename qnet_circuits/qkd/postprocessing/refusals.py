"""The reasons why there is no key: alarms of the physics or of the channel. They are results, not errors of the program."""

from __future__ import annotations

from qnet_circuits.errors import check_name

#: The alarms and their meanings.
ALARMS = {
    "lengths": "the two records have different lengths",
    "parameters": "the parties do not run the same protocol",
    "origin": "the outcomes were measured elsewhere and handed in",
    "record": "the record took part in an earlier session",
    "lost": "no round was detected by both",
    "qber": "the error rate is above the tolerance, or leaves no key",
    "bell": "the CHSH value is too low",
    "decoys": "the counts of the intensities leave no bit to single photons",
    "short": "too few bits for any key",
    "reconciliation": "error correction needs more parities than there are bits",
    "verification": "the corrected keys differ",
    "authentication": "a tag is wrong or was used before",
    "unauthenticated": "the conversation was not authenticated",
    "replay": "a message is not the next one that was expected",
    "malformed": "a message does not have the expected content",
    "cut": "no answer came",
    "pool": "the key for authentication is used up, or the two pools are too far apart",
    "copied": "one of the two pools is a copy or an old backup",
    "held": "the key waits for the peer's verdict, which the next greeting brings",
}


class Refusal(Exception):
    """Ends a session without a key. It stays inside the session, which returns its text as the reason.

    Args:
        alarm: One of ``ALARMS``.
        text: The observation and the expectation.

    Raises:
        UnknownNameError: If there is no such alarm.

    Example:
        >>> print(Refusal("qber", "0.25 of 400 test bits differ, 0.05 is tolerated"))
        qber: 0.25 of 400 test bits differ, 0.05 is tolerated
    """

    def __init__(self, alarm: str, text: str) -> None:
        self.alarm, self.text = check_name("alarm", alarm, ALARMS), text
        super().__init__(f"{alarm}: {text}")

    @classmethod
    def of(cls, reason: str) -> Refusal:
        """Make it of its text, the alarm first.

        Example:
            >>> Refusal.of("qber: 0.25 of 400 test bits differ").alarm
            'qber'
        """
        return cls(*reason.split(": ", 1))
