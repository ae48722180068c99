"""The stages of a quantum internet, and the order in which protocols are best learned, for lists that people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: What the network can do at each stage, from first to advanced: Wehner, Elkouss and Hanson, Science 362, eaam9288 (2018).
STAGES = {
    "prepare and measure": "one qubit is prepared, sent and measured, or lost",
    "entanglement distribution": "pairs are shared between any two nodes, and measured at once",
    "quantum memory": "qubits are stored while messages travel, and sent on",
    "few-qubit fault tolerant": "some logical qubits are computed with at each node",
    "quantum computing": "large computations at each node",
    "measuring": "states, processes and devices are measured",
}
#: The package's protocols in the order in which they build on one another.
_ORDER = (
    "teleportation", "superdense-coding", "chsh", "entanglement-swapping", "repeater-chain", "ghz",
    "ghz-verification", "w-state",
    "graph-state", "teleported-cnot", "long-range-cnot", "bb84", "six-state", "mdi-qkd", "bbm92", "e91", "ghz-game",
    "magic-square", "certified-randomness", "coin-flip", "quantum-money", "conference-key", "secret-sharing",
    "leader-election", "voting", "anonymous-transmission", "sensing", "distillation", "encoded-link",
    "quantum-repeater", "network-requests", "blind-computing", "distributed-circuit", "state-tomography", "process-tomography",
    "swap-transport", "link-benchmark", "distillation-map",
)  # fmt: skip
#: The group of protocols that name no stage.
OTHERS = "others"


def learning_order(stages: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the names of protocols in groups by stage, from first to advanced; unknown ones come last.

    Args:
        stages: The stage of each protocol, by name.

    Example:
        >>> learning_order({"mine": "", "chsh": "entanglement distribution", "bb84": "prepare and measure"})
        {'prepare and measure': ('bb84',), 'entanglement distribution': ('chsh',), 'others': ('mine',)}
    """
    ordered = sorted(stages, key=lambda name: (_place(name, _ORDER), name))
    found = {group: tuple(name for name in ordered if stages[name] == group) for group in STAGES}
    found[OTHERS] = tuple(name for name in ordered if stages[name] not in STAGES)
    return {group: names for group, names in found.items() if names}


def _place(name: str, order: Iterable[str]) -> int:
    """Return the place of a name in an order; unknown names come last."""
    listed = tuple(order)
    return listed.index(name) if name in listed else len(listed)
