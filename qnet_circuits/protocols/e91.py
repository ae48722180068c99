"""E91: a key from pairs that violate a Bell inequality."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from qnet_circuits.errors import check_range
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.registry import register
from qnet_circuits.qkd.figures import PERFECT, chsh_value, s_value
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.schemes import EntanglementBased
from qnet_circuits.qkd.session_fields import check_open
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.bounds import CHSH_CLASSICAL, CHSH_QUANTUM
from qnet_circuits.theory.estimate import Estimate


@register
@dataclass(frozen=True)
class E91(EntanglementBased):
    """A secret key from shared pairs, whose other rounds violate a Bell inequality.

    Alice measures Z, X or, in the CHSH rounds, (Z ± X)/√2; Bob measures Z or X, each half of the time. Werner pairs of error
    rate Q give S = 2√2 (1 - 2Q), above the 2 of every local theory for Q < 14.6 % (A. K. Ekert 1991, with
    the inequality of Clauser, Horne, Shimony and Holt). If S is too low, there is no key. The key has the length of a BB84 key
    with this error rate in X. S does not enter the length, so the security of the key relies on trusted devices. All CHSH
    rounds are revealed.

    On hardware: 2N qubits in a line for N hops, and 16 circuits. Half of Alice's readouts are flipped and flipped back.
    Corrections act on Bob's qubit; he measures Z or X, so they can be made in software (Pauli frame).

    Args:
        pairs: Number of pairs, 1 to 100,000,000. Default 100,000.
        chsh_probability: How often Alice measures at 45°, in (0, 1). Default 0.5.
        s_minimum: Observed S below which there is no key, in [0, 2√2]. Default: 2 plus three standard errors.
        key_basis_probability: How often Alice chooses Z in the other rounds, in (0, 1); otherwise she chooses X. Default 0.5.
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
        >>> round(E91(link_fidelity=0.94).theory(NoiseParameters())["s_value"], 6)
        2.602153
    """

    name: ClassVar[str] = "e91"
    stage: ClassVar[str] = "entanglement distribution"
    chsh_probability: float = 0.5
    s_minimum: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "chsh_probability", check_open("chsh_probability", self.chsh_probability))
        if self.s_minimum is not None:
            least = check_range("s_minimum", self.s_minimum, 0.0, CHSH_QUANTUM)
            object.__setattr__(self, "s_minimum", least)

    def _chosen(self) -> tuple[dict[str, float], dict[str, float]]:
        chsh, key = self.chsh_probability, self.key_basis_probability
        alice = {"z": (1 - chsh) * key, "x": (1 - chsh) * (1 - key), "plus": chsh / 2, "minus": chsh / 2}
        return alice, {"z": 0.5, "x": 0.5}

    def _declared(self, names: Mapping[str, str]) -> list[Figure]:
        ideal = self._figures(PERFECT, PERFECT)["s_value"]
        without = 0.0 if self._chain().hops > 1 else ideal
        return [*super()._declared(names), s_value(self.lines()[0], names, ideal, without)]

    def _figures(self, whole: Weights, before: Weights) -> dict[str, float]:
        found = super()._figures(whole, before)
        return {**found, "s_value": chsh_value(found)}

    def veto(self, figures: Mapping[str, Estimate]) -> Refusal | None:
        """Return the alarm if S is too low, or was not measured."""
        if "s_value" not in figures:
            return Refusal("bell", "there was no CHSH round")
        s = figures["s_value"]
        # S = 8w - 4 of the share w of rounds won.
        won = (s.value + 4) / 8
        least = CHSH_CLASSICAL + 3 * 8 * math.sqrt(won * (1 - won) / s.n)
        least = least if self.s_minimum is None else self.s_minimum
        if s.value >= least:
            return None
        return Refusal("bell", f"S is {s.value:.4g} in {s.n} rounds, at least {least:.4g} is needed")

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """No local theory exceeds 2; the required S is a bound too, if it was given."""
        stated = {} if self.s_minimum is None else {"needed": self.s_minimum}
        return {**super().bounds, "s_value": {"classical": CHSH_CLASSICAL, **stated}}
