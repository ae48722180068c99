"""BBM92: BB84 with pairs, over any chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qnet_circuits.programs.registry import register
from qnet_circuits.qkd.schemes import EntanglementBased


@register
@dataclass(frozen=True)
class BBM92(EntanglementBased):
    """BB84 with shared pairs: Alice and Bob each measure one half of a pair in Z or X, and rounds in Z become a key.

    Nobody prepares a bit: the measurement creates it, and stations that swap need not be trusted (C. H. Bennett, G. Brassard
    and N. D. Mermin 1992). Bits of X are compared and discarded; the key has the length of a BB84 key.

    On hardware: 2N qubits in a line for N hops, and 8 circuits. Half of Alice's readouts are flipped and flipped back.
    Corrections act on Bob's qubit; he measures Z or X, so they can be made in software (Pauli frame).

    Args:
        pairs: Number of pairs, 1 to 100,000,000. Default 100,000.
        key_basis_probability: How often each party chooses the key's basis Z, in (0, 1). Default 0.5.
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, such as a ``route`` of a larger network, instead of ``hops`` and
            ``link_fidelity``.
        eve: An eavesdropper at Bob's door, or her text form, but no man in the middle. Default: nobody.
        tolerance: Observed error rate above which there is no key, in [0, 0.5]. Default 0.05.
        epsilon_secrecy: ε_sec, in (0, 0.5]. Default 1e-10.
        epsilon_correctness: ε_cor, in (0, 0.5]. Default 1e-15.
        schedule: Name of Cascade's schedule. Default ``opt(4)``.
        authentication: Whether the conversation is authenticated; without it there is no key. Default True.
        length: ``fixed``, as long as the tolerance allows, or ``variable``, as long as the observed error rate allows; then
            there is no tolerance. Default ``fixed``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.
        UnsupportedError: If eve is a man in the middle.

    Example:
        >>> from qnet_circuits.theory.noise_parameters import NoiseParameters
        >>> BBM92(link_fidelity=0.94).theory(NoiseParameters())["qber"]
        0.04
    """

    name: ClassVar[str] = "bbm92"
    stage: ClassVar[str] = "entanglement distribution"
