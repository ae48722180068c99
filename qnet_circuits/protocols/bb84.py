"""BB84: qubits in two bases, from which a key is distilled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qnet_circuits.programs.registry import register
from qnet_circuits.qkd.decoys import DecoyStates


@register
@dataclass(frozen=True)
class BB84(DecoyStates):
    """BB84: Alice sends qubits in Z or X, Bob measures in Z or X, and rounds with Z on both sides become a secret key.

    A measurement without knowledge of the basis disturbs a qubit, so the error rate bounds the information of an eavesdropper
    (C. H. Bennett and G. Brassard, 1984). Bits of X are compared and discarded. The length of the key follows Tomamichel, Lim,
    Gisin and Renner, Nat. Commun. 3, 634 (2012), for a tolerance that is fixed beforehand; above the tolerance there is no key.

    With ``decoy=True`` the qubits are pulses of a laser, and some have several photons. Alice chooses one of three intensities
    for each pulse, and names it once Bob's clicks are on record. The counts of the intensities then bound what came from single
    photons, and the key has the length of Lim, Curty, Walenta, Xu and Zbinden, Phys. Rev. A 89, 022307 (2014). Photon number,
    loss and dark counts are drawn at random, and the state of each photon that arrives is one shot of a circuit. The error rate
    of a photon is that of links and device: ``link_fidelity=0.9925`` is a misalignment of 0.5 %.

    On hardware: one qubit and 8 circuits for any number of pulses. An eavesdropper measures in the middle of the circuit, or
    needs a second qubit. One controller plays both parties, so the key is a demonstration.

    Args:
        pulses: Number of qubits or pulses that Alice sends, 1 to 100,000,000. Default 100,000; 10,000,000 with ``decoy``.
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
        length: ``fixed``, as long as the tolerance allows, or ``variable``, as long as the observed error rate allows; then
            there is no tolerance. Default ``fixed``.
        decoy: Whether pulses of a laser, with decoy states, take the place of single photons. Default False. The fields below
            belong to it.
        intensities: Mean photon numbers μ1 > μ2 + μ3 and μ2 > μ3 ≥ 0. Default (0.45, 0.2, 0.0002).
        intensity_probabilities: How often each is chosen. Default (0.6, 0.3, 0.1).
        length_km: Length of the fibre, which loses 0.2 dB/km, in km, at least 0. Default 0.
        detector_efficiency: Probability that a photon at the end of the fibre is seen, in [0, 1]. Default 0.1.
        dark_counts: Probability of a dark count in each of two detectors for each pulse, in [0, 0.5]. Default 6e-7.

    Raises:
        ParameterError: If a value is out of range, ``network`` is given together with ``hops`` or ``link_fidelity``, or a field
            of a laser is given without ``decoy``, or ``length`` with it, or a tolerance with ``length="variable"``.
        UnsupportedError: If the eavesdropper splits photons without ``decoy``, or is a man in the middle with it.

    Example:
        >>> from qnet_circuits.theory.noise_parameters import NoiseParameters
        >>> BB84(eve="intercept-resend").theory(NoiseParameters())["qber_x"]
        0.25
    """

    name: ClassVar[str] = "bb84"
    stage: ClassVar[str] = "prepare and measure"
