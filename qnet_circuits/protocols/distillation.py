"""Entanglement distillation: several pairs become one that is better, if the results of their checks agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.distilling import Scheme, distilled_ends, scheme_of
from qnet_circuits.programs.expressions import acceptance, keep_if, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import protocol_class, register
from qnet_circuits.theory import bounds
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.recurrences import distilled
from qnet_circuits.theory.swapping import chain_weights

ORDERS = ("distil-first", "swap-first")
#: With more checks than this, there are too many ways in which all can agree to list them.
_MOST_CHECKS = 12


@register
@dataclass(frozen=True)
class Distillation(ChainProtocol):
    """Several Bell pairs become one better pair by local gates, measurements and a comparison of results.

    Alice and Bob do the same gates on their halves of all pairs, measure all pairs but one, and keep it if every two results
    agree. The figure ``fidelity`` is the fidelity of kept pairs, ``acceptance`` the probability that a pair is kept. Schemes:
    ``bbpssw`` (Bennett et al., Phys. Rev. Lett. 76, 722 (1996)), ``dejmps`` (Deutsch et al., Phys. Rev. Lett. 77, 2818 (1996)),
    ``pumping`` (DEJMPS by a fresh pair in every step), ``double-selection`` (Fujii and Yamamoto, arXiv:0811.2639), and
    ``2-to-1`` to ``5-to-1``, the stabilizer codes of ``theory.distillation_codes`` (Jansen et al., arXiv:2103.03669). Links
    make the pairs without a twirl: BBPSSW's twirl, which does nothing to Werner pairs, is left out.

    Over several hops the pairs of every link are distilled and then swapped, or raw pairs are swapped and then distilled by
    the ends. All raw pairs are made once, so ``acceptance`` is that of all checks together.

    On hardware: a line with two qubits for each stored pair. Each raw pair is made in the middle and moved outward by two CNOTs
    on either side. Two pairs take 4 qubits and 8 two-qubit gates, three take 6 and 19. Rounds after the first, and steps of
    pumping, measure and reset qubits in mid-circuit.

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        scheme: How pairs are distilled. Default ``dejmps``.
        rounds: Rounds of ``dejmps`` and ``double-selection``, or steps of ``pumping``, at least 1; 1 for the other schemes.
        order: ``distil-first`` or ``swap-first``. Default ``distil-first``.

    Raises:
        ParameterError: If a value is out of range, ``network`` is given together with ``hops`` or ``link_fidelity``, or there
            are more than 12 checks.
        UnknownNameError: If there is no such scheme or order.

    Example:
        >>> theory = Distillation(link_fidelity=0.9, scheme="dejmps").theory(NoiseParameters())
        >>> {name: round(value, 5) for name, value in theory.items()}
        {'fidelity': 0.9264, 'acceptance': 0.87556}
    """

    name: ClassVar[str] = "distillation"
    stage: ClassVar[str] = "quantum memory"
    scheme: str = "dejmps"
    rounds: int = 1
    order: str = "distil-first"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("order", self.order, ORDERS)
        checks = self._checks
        if checks > _MOST_CHECKS:
            raise ParameterError(
                f"{self.scheme} with rounds={self.rounds} over {self.chain.hops} hops has {checks} checks, and at most "
                f"{_MOST_CHECKS} can agree at once often enough to be of use; take fewer"
            )
        object.__setattr__(self, "rounds", int(self.rounds))  # numpy's integers would not go into JSON

    @property
    def _shape(self) -> Scheme:
        return scheme_of(self.scheme, self.rounds)

    @property
    def _swaps_first(self) -> bool:
        return self.order == "swap-first"

    @property
    def _checks(self) -> int:
        return (self._shape.raw - 1) * (1 if self._swaps_first else self.chain.hops)

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits, one for each setting XX, YY and ZZ of the pair that is kept."""
        items = []
        for name in ("xx", "yy", "zz"):
            circuit = distilled_ends(self.chain, self._shape, name[0].upper(), self._swaps_first)
            items.append(Item(name, circuit, {"setting": name}, announced=self._announced()))
        out = [("out", 0), ("out", 1)]
        xx, yy, zz = (parity(item.name, out) for item in items)
        fidelity = (1 + xx - yy + zz) / 4
        for k in range(self._checks):
            fidelity = keep_if(fidelity, [("checks", 2 * k), ("checks", 2 * k + 1)])
        # Of perfect gates and readouts, on links as they are: their errors are what this is about.
        ideal, range_ = self.theory(NoiseParameters()), (0.0, 1.0)
        silent = ideal if self.chain.hops == 1 else {}
        figures = [
            Figure(name, each, ideal[name], silent.get(name), physical=range_)
            for name, each in (("fidelity", fidelity), ("acceptance", acceptance(fidelity)))
        ]
        return Program(items, figures, self.chain)

    def _announced(self) -> tuple[Announcement, ...]:
        """Return the announcements: the results of the checks in both directions, on each link or between the ends."""
        path = self.chain.path()
        spans = [(path[0], path[-1])] if self._swaps_first else pairwise(path)
        bits, said = self._shape.raw - 1, []
        for k, (near, far) in enumerate(spans):
            for side, (source, target) in enumerate(((near, far), (far, near))):
                results = tuple(("checks", 2 * (bits * k + each) + side) for each in range(bits))
                said.append(Announcement(source, target, bits, "check", results))
        return tuple(said)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity and the acceptance that follow from the weights of the links."""
        if not noise.ideal:
            return {}
        if self._swaps_first:
            made = distilled(self.scheme, self.chain.weights, self.rounds)
            return {"fidelity": made.weights[0], "acceptance": made.success}
        each = [distilled(self.scheme, link.weights, self.rounds) for _, _, link in self.chain.links]
        fidelity = chain_weights([made.weights for made in each])[0]
        return {"fidelity": fidelity, "acceptance": math.prod(made.success for made in each)}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves entanglement; distillation must beat the fidelity of a raw pair, if links have errors."""
        raw = self.chain.weights[0]
        beaten = {"raw pair": raw} if raw < 1 else {}
        return {"fidelity": {"entangled": bounds.BELL_ENTANGLED, **beaten}}

    def baseline(self) -> Protocol:
        """Return the transport of one half of a single pair by SWAPs."""
        return protocol_class("swap-transport").from_parameters(network=self.chain)
