"""The six-state protocol: BB84 with a third basis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from qnet_circuits.programs.registry import register
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.schemes import PrepareAndMeasure
from qnet_circuits.qkd.settings import BASES


@register
@dataclass(frozen=True)
class SixState(PrepareAndMeasure):
    """BB84 with a third basis: Alice sends and Bob measures in Z, X or Y, and rounds in Z become a secret key.

    Three bases reveal every Pauli error, and intercept-resend causes an error rate of 33.3 % instead of BB84's 25 % (D. Bruß,
    quant-ph/9805019). Bits of X and Y are compared and discarded, and both must be below the tolerance. The key has the length
    of the six-state protocol's own bound, or of BB84's where that is better. Its own bound assumes that both parties handle
    qubits and that Bob's detector favours no result; the page on keys has the proof.

    On hardware: one qubit and 18 circuits for any number of pulses.

    Args:
        pulses: Number of qubits that Alice sends, 1 to 100,000,000. Default 100,000.
        key_basis_probability: How often each party chooses Z, in (0, 1); X and Y share the rest. Default 1/3.
        hops: Number of links that a qubit crosses, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        eve: An eavesdropper at Alice's door, or her text form. Default: nobody.
        tolerance: Observed error rate above which there is no key, in [0, 0.5]. Default 0.05.
        epsilon_secrecy: ε_sec, in (0, 0.5]. Default 1e-10.
        epsilon_correctness: ε_cor, in (0, 0.5]. Default 1e-15.
        schedule: Name of Cascade's schedule. Default ``opt(4)``.
        authentication: Whether the conversation is authenticated; without it there is no key. Default True.
        length: ``fixed``, as long as the tolerance allows, or ``variable``, as long as the observed error rate allows; then
            there is no tolerance. Default ``fixed``.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.

    Example:
        >>> from qnet_circuits.theory.noise_parameters import NoiseParameters
        >>> round(SixState(eve="intercept-resend").theory(NoiseParameters())["qber_y"], 6)
        0.333333
    """

    name: ClassVar[str] = "six-state"
    stage: ClassVar[str] = "prepare and measure"
    bases: ClassVar[tuple[str, ...]] = ("z", "x", "y")
    remarks: ClassVar[tuple[str, ...]] = (
        "the ledger has 'phase errors, three bases' if the third basis lengthened the key; this bound assumes that Bob "
        "measures qubits, with a detector that favours no result",
    )
    key_basis_probability: float = 1 / 3

    @property
    def rules(self) -> SessionParameters:
        """The rules that both parties agreed on for the classical half."""
        return replace(super().rules, third_basis=BASES.index("y"))
