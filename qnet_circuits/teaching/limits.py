"""What an answer may use before it is stopped."""

from __future__ import annotations

from dataclasses import dataclass

from qnet_circuits.errors import check_count


@dataclass(frozen=True)
class Limits:
    """What an answer may use before it is stopped.

    Args:
        seconds: Seconds of computing time, at least 1. An answer that sleeps is stopped after three times as many.
        memory_mib: MiB of memory beside that of the library, at least 64.

    Raises:
        ParameterError: If a value is out of range.
    """

    seconds: int = 10
    memory_mib: int = 1024

    def __post_init__(self) -> None:
        check_count("seconds", self.seconds, 1, 3600)
        check_count("memory_mib", self.memory_mib, 64)
