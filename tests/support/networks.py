"""Networks for protocols of several parties."""

import qnet_circuits as qn

#: A source s, and parties of which some are reached only over others, by links with different errors.
SQUARE = qn.Network.from_edges(
    [
        ("s", "a", qn.Link(0.9)),
        ("a", "b", qn.Link(pauli=(0.85, 0.1, 0.03, 0.02))),
        ("b", "c", qn.Link(0.95)),
        ("c", "s", qn.Link(pauli=(0.9, 0.0, 0.02, 0.08))),
        ("b", "d", qn.Link(0.97)),
    ]
)
