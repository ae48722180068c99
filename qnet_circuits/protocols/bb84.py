"""BB84: qubits in two bases, from which a key is distilled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qnet_circuits.programs.registry import register
from qnet_circuits.qkd.schemes import PrepareAndMeasure


@register
@dataclass(frozen=True)
class BB84(PrepareAndMeasure):
    """BB84: Alice sends qubits in Z or X, Bob measures in Z or X, and rounds with Z on both sides become a secret key.

    A measurement without knowledge of the basis disturbs a qubit, so the error rate bounds the information of an eavesdropper
    (C. H. Bennett and G. Brassard, 1984). Bits of X are compared and discarded. The length of the key follows Tomamichel, Lim,
    Gisin and Renner, Nat. Commun. 3, 634 (2012), for a tolerance that is fixed beforehand; above the tolerance there is no key.

    On hardware: one qubit and 8 circuits for any number of pulses. An eavesdropper measures in the middle of the circuit, or
    needs a second qubit. One controller plays both parties, so the key is a demonstration.

    Args:
        pulses: Number of qubits that Alice sends, 1 to 100,000,000. Default 100,000.
        key_basis_probability: How often each party chooses the key's basis Z, in (0, 1). Default 0.5.
        hops: Number of links that a qubit crosses, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        eve: An eavesdropper at Alice's door, or her text form, such as ``intercept-resend:0.1``. Default: nobody.
        tolerance: Observed error rate above which there is no key, in [0, 0.5]. Default 0.05.
        epsilon_secrecy: ε_sec, in (0, 0.5]. Default 1e-10.
        epsilon_correctness: ε_cor, in (0, 0.5]. Default 1e-15.
        schedule: Name of Cascade's schedule. Default ``opt(4)``.
        authentication: Whether the conversation is authenticated; without it there is no key. Default True.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> from qnet_circuits.theory.noise_parameters import NoiseParameters
        >>> BB84(eve="intercept-resend").theory(NoiseParameters())["qber_x"]
        0.25
    """

    name: ClassVar[str] = "bb84"
    stage: ClassVar[str] = "prepare and measure"
