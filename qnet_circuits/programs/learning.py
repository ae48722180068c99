"""The order in which protocols are best learned, for lists that people read."""

from __future__ import annotations

from collections.abc import Iterable

#: Groups from first to advanced, and in each the package's protocols in the order in which they build on one another.
_GROUPS = {
    "First steps: one pair, one message": (
        "teleportation", "superdense-coding", "chsh", "entanglement-swapping",
    ),
    "Longer chains and more parties": ("repeater-chain", "ghz", "teleported-cnot", "long-range-cnot"),
    "Secret keys": ("bb84", "six-state", "bbm92", "e91"),
    "Better pairs": ("distillation", "encoded-link"),
    "Distance, time and users": ("quantum-repeater", "network-requests"),
    "Measuring states, processes and devices": (
        "state-tomography", "process-tomography", "swap-transport", "link-benchmark", "distillation-map",
    ),
}  # fmt: skip
#: The group of protocols that are not the package's own.
OTHERS = "Others"


def learning_order(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of protocols in groups, from first to advanced; unknown ones come last.

    Example:
        >>> learning_order(["mine", "bb84", "teleportation"])
        {'First steps: one pair, one message': ('teleportation',), 'Secret keys': ('bb84',), 'Others': ('mine',)}
    """
    left = dict.fromkeys(names)
    found = {group: tuple(name for name in known if name in left) for group, known in _GROUPS.items()}
    listed = {name for known in found.values() for name in known}
    found[OTHERS] = tuple(name for name in left if name not in listed)
    return {group: known for group, known in found.items() if known}
