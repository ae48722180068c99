"""The status of the processors behind stand-in devices: which of them take jobs today."""

from __future__ import annotations

#: The processors in service.
_IN_SERVICE = ("kingston", "fez", "marrakesh", "pittsburgh", "boston", "aachen", "miami", "berlin")
#: Stand-ins for a family of processors rather than for one.
_FAMILIES = ("nighthawk",)
_PREFIX = "fake_"

IN_SERVICE, FAMILY, RETIRED, UNKNOWN = "in service", "family", "retired", "unknown"


def status(name: str) -> str:
    """Return whether the processor behind a stand-in takes jobs.

    Returns:
        ``in service``, ``retired``, ``family`` for what stands for a kind of processor, or ``unknown`` for a name that is not
        a stand-in's; values laid over its calibration do not matter.

    Example:
        >>> [status(name) for name in ("fake_kingston", "fake_torino", "fake_nighthawk", "my_own")]
        ['in service', 'retired', 'family', 'unknown']
    """
    if not name.startswith(_PREFIX):
        return UNKNOWN
    plain = name.partition(",")[0].removeprefix(_PREFIX)
    if plain in _IN_SERVICE:
        return IN_SERVICE
    return FAMILY if plain in _FAMILIES else RETIRED
