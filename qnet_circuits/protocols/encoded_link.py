"""A chain of encoded links: blocks of a code are entangled, swapped and decoded, and the checks see errors on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import ClassVar

import numpy as np

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.encoding import Encoding, encoded_ends
from qnet_circuits.programs.expressions import Expression, keep_if, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.parities import all_even, odd_ones
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import protocol_class, register
from qnet_circuits.theory import bounds
from qnet_circuits.theory.encoded import BlockCode, code_of, encoded_chain
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: With more links the checks have too many results to list them.
_MOST_HOPS = 3


@register
@dataclass(frozen=True)
class EncodedLink(ChainProtocol):
    """A Bell pair whose links, stations and swaps are encoded in several qubits, so that single errors are noticed.

    Each link makes one raw pair for each qubit of a block. Its near node measures the code's checks of Z on its half, its far
    node those of X: that leaves an encoded pair. Stations measure two blocks in the Bell basis, qubit by qubit, and the ends
    take their blocks apart, which measures their checks. All results are compared, so that errors of links, and of gates and
    readouts in the swaps, are seen link by link (Jiang et al., Phys. Rev. A 79, 032325 (2009), whose encoded pairs are made
    by teleported CNOTs instead). ``fidelity`` is the fidelity of kept pairs, ``acceptance`` the probability that a pair is
    kept. Over one link this is distillation by the code.

    The code ``repetition-3`` detects up to two bit errors in a link, and triples phase errors. The code ``422``, which is
    [[4,2,2]], detects one error of any kind in a link; the second qubit that it encodes is not used.

    On hardware: 6 qubits and 7 two-qubit gates with ``repetition-3`` over one link, 8 and 12 with ``422``; each further link
    adds 8 and 10, or 10 and 16.

    Args:
        hops: Number of links, 1 to 3. Default 1.
        link_fidelity: Fidelity of every raw pair, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        code: ``repetition-3`` or ``422``. Default ``422``.
        detect: Whether a pair is discarded if an error is detected. Otherwise all pairs are kept, and bit errors are corrected
            by the code's table; only ``repetition-3`` can do this, for one error in each link. Default True.

    Raises:
        ParameterError: If a value is out of range, ``network`` is given together with ``hops`` or ``link_fidelity``, or the
            code cannot correct.
        UnknownNameError: If there is no such code.

    Example:
        >>> theory = EncodedLink(link_fidelity=0.95, code="422").theory(NoiseParameters())
        >>> {name: round(value, 5) for name, value in theory.items()}
        {'fidelity': 0.99561, 'acceptance': 0.81913}
    """

    name: ClassVar[str] = "encoded-link"
    stage: ClassVar[str] = "few-qubit fault tolerant"
    code: str = "422"
    detect: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.code, int):  # the command line reads 422 as a number
            object.__setattr__(self, "code", str(self.code))
        code_of(self.code, self.detect)
        if self.chain.hops > _MOST_HOPS:
            raise ParameterError(
                f"a chain of encoded links has 1 to {_MOST_HOPS} hops as circuits, got {self.chain.hops}; "
                "theory.encoded.encoded_chain computes longer ones"
            )

    @cached_property
    def _encoding(self) -> Encoding:
        return Encoding(self.code, self.chain.hops)

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits, one for each setting XX, YY and ZZ of the pair that the ends decode."""
        items = [
            Item(
                name,
                encoded_ends(self.chain, self.code, name[0].upper()),
                {"setting": name},
                announced=self._announced(),
            )
            for name in ("xx", "yy", "zz")
        ]
        xx, yy, zz = (self._correlator(item.name) for item in items)
        fidelity, checks = (1 + xx - yy + zz) / 4, self._encoding.all_checks
        figures = {"fidelity": fidelity}
        if self.detect:
            figures["acceptance"] = sum((all_even(item.name, checks) for item in items), Expression()) / 3
            for check in checks:
                figures["fidelity"] = keep_if(figures["fidelity"], check)
        ideal, range_ = self.theory(NoiseParameters()), (0.0, 1.0)
        # Without messages the far end has its pair up to a random Pauli, if there are stations; checks need no correction.
        silent = ideal if self.chain.hops == 1 else {**ideal, "fidelity": 0.25}
        return Program(
            items,
            [
                Figure(name, each, ideal[name], silent[name], physical=range_)
                for name, each in figures.items()
            ],
            self.chain,
        )

    def _correlator(self, item: str) -> Expression:
        """Return the parity of the ends' results; if errors are corrected, after the correction by the code's table."""
        out = [("out", 0), ("out", 1)]
        if self.detect or item == "xx":
            return parity(item, out)
        signs = _signs(self._encoding.code)
        total = Expression()
        for chosen in product(signs, repeat=len(self._encoding.bit_checks)):
            bits = list(out)
            for place, picked in zip(self._encoding.bit_checks, chosen, strict=True):
                bits += [bit for check, take in zip(place, picked, strict=True) if take for bit in check]
            total = total + float(np.prod([signs[picked] for picked in chosen])) * parity(
                item, odd_ones(bits)
            )
        return total

    def _announced(self) -> tuple[Announcement, ...]:
        """Return the announcements: the results of checks over each link, and each node's conclusions for the ends."""
        path, said = self.chain.path(), []
        for link, (near, far) in enumerate(pairwise(path)):
            for source, target, kind in ((near, far, "z"), (far, near, "x")):
                results = tuple(self._encoding.measured(kind, link))
                said += [Announcement(source, target, len(results), "check", results)] if results else []
        ends = (path[0], path[-1])
        concluded = [
            Announcement(node, end, 1, "whether its checks agree")
            for node in path
            for end in ends
            if node != end
        ]
        return (*said, *concluded)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity and the acceptance that follow from the weights of the links."""
        if not noise.ideal:
            return {}
        links = [link.weights for _, _, link in self.chain.links]
        made = encoded_chain(self._encoding.code, links, self.detect)
        return {"fidelity": made.weights[0], **({"acceptance": made.success} if self.detect else {})}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves entanglement; a code must beat the fidelity of a bare chain, if links have errors."""
        bare = self.chain.weights[0]
        beaten = {"bare chain": bare} if bare < 1 else {}
        return {"fidelity": {"entangled": bounds.BELL_ENTANGLED, **beaten}}

    def baseline(self) -> Protocol:
        """Return the transport of one half of a single pair by SWAPs."""
        return protocol_class("swap-transport").from_parameters(network=self.chain)


def _signs(code: BlockCode) -> dict[tuple[int, ...], float]:
    """Return the sign of the table's correction as a sum of parities of the checks: for each choice of them its weight."""
    return {
        picked: sum((-1) ** (flip + int(np.dot(picked, seen))) for seen, flip in code.table.items())
        / len(code.table)
        for picked in code.table
    }
