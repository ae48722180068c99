"""MDI-QKD: a key through a station that measures for both parties and need not be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from qiskit import QuantumCircuit

from qnet_circuits.errors import ParameterError, UnsupportedError, check_name
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.protocol import set_network
from qnet_circuits.programs.registry import register
from qnet_circuits.qkd.circuits import OUT, joined_circuit
from qnet_circuits.qkd.distribution import KeyDistribution
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.figures import counted_share
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.session_fields import session_rules
from qnet_circuits.qkd.settings import BELL_RESULTS, Line, Setting, joining
from qnet_circuits.qkd.stations import STATIONS, LyingStation
from qnet_circuits.qkd.tapping import Eavesdropper, behaviour
from qnet_circuits.theory.bell_diagonal import Weights

#: The results (z, x) that a Bell measurement tells: all four, or the two of linear optics, Ψ+ and Ψ-.
MEASUREMENTS = {"full": BELL_RESULTS, "optics": ("01", "11")}


@register
@dataclass(frozen=True)
class MdiQkd(KeyDistribution):
    """A key whose measurements nobody has to trust: Alice and Bob send qubits in Z or X to a station, which joins them.

    The station measures the two qubits in the Bell basis and announces the result, which says in each basis whether the bits
    differ, but not what they are. Bob flips his bit if they do. Rounds with Z on both sides become the key; bits of X are
    compared and discarded, and their error rate bounds what anybody knows, the station included (H.-K. Lo, M. Curty and B. Qi,
    Phys. Rev. Lett. 108, 130503 (2012)). Attacks on detectors are therefore no concern.

    The key has the length of a BB84 key (Tomamichel et al., Nat. Commun. 3, 634 (2012)). The bound holds for any station, even
    if the station is the eavesdropper and chooses the rounds that count. It assumes that both parties prepare perfect single
    qubits: each could then as well measure one half of a pair after the announcement. Lasers need decoy states and another
    bound (arXiv:1307.1081).

    On hardware: 2 qubits, one CNOT, and 16 circuits for any number of pulses. One controller plays all parties, so the key is a
    demonstration.

    Args:
        pulses: Number of qubits that each of the two sends, 1 to 100,000,000. Default 100,000.
        key_basis_probability: How often each party chooses the key's basis Z, in (0, 1). Default 0.5.
        hops: Number of links between Alice and Bob, at least 2. The station is the node in the middle; if the number is odd, it
            is one link nearer to Bob. Default 2.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        eve: An eavesdropper at Alice's door, or her text form, but no man in the middle. Default: nobody.
        bell: The station's measurement: ``full`` tells the four Bell states, ``optics`` tells Ψ+ and Ψ- alone, as linear optics
            does, and announces a failure in the other half of the rounds.
        cheater: A station that lies, or its text form: ``announce[:fraction]`` announces a Bell state at random,
            ``measure[:fraction]`` measures both qubits in Z. Default: the station is honest.
        tolerance: Observed error rate above which there is no key, in [0, 0.5]. Default 0.05.
        epsilon_secrecy: ε_sec, in (0, 0.5]. Default 1e-10.
        epsilon_correctness: ε_cor, in (0, 0.5]. Default 1e-15.
        schedule: Name of Cascade's schedule. Default ``opt(4)``.
        authentication: Whether the conversation is authenticated; without it there is no key. Default True.
        length: ``fixed``, as long as the tolerance allows, or ``variable``, as long as the observed error rate allows; then
            there is no tolerance. Default ``fixed``.

    Raises:
        ParameterError: If a value is out of range, ``network`` is given together with ``hops`` or ``link_fidelity``, or both
            ``eve`` and ``cheater`` are given.
        UnknownNameError: If there is no such measurement, eavesdropper or cheater.
        UnsupportedError: If eve is a man in the middle.

    Example:
        >>> from qnet_circuits.theory.noise_parameters import NoiseParameters
        >>> theory = MdiQkd(cheater="measure").theory(NoiseParameters())
        >>> theory["qber_z"], theory["qber_x"], theory["eve_guess"]
        (0.0, 0.5, 0.75)
    """

    name: ClassVar[str] = "mdi-qkd"
    stage: ClassVar[str] = "prepare and measure"
    assumes: ClassVar[tuple[str, ...]] = (
        "Alice and Bob prepare perfect single qubits, in bases and bits that nobody else knows.",
        "The station and the links are not trusted, and the station may be the eavesdropper.",
        "Alice and Bob share a short secret beforehand, for authentication.",
    )
    source: ClassVar[str] = "H.-K. Lo, M. Curty and B. Qi, Phys. Rev. Lett. 108, 130503 (2012)"
    tapped_link: ClassVar[int] = 0
    remarks: ClassVar[tuple[str, ...]] = (
        "the length of the key holds for any station if both parties prepare perfect single qubits",
        "the number of rounds with each bit of Bob's is on record too, and the key pays for it",
    )

    pulses: int = 100_000
    bell: str = "full"
    cheater: LyingStation | str | None = None

    def __post_init__(self) -> None:
        check_name("Bell measurement", self.bell, MEASUREMENTS)
        self.set_cheater(STATIONS)
        super().__post_init__()
        if isinstance(self.eve, ManInTheMiddle):
            raise UnsupportedError(
                f"{self.name} has no man in the middle; use bb84 for her, or eve='intercept-resend' here"
            )
        if self.eve is not None and self.cheater is not None:
            raise ParameterError(
                "eve and cheater are both given, and a station that lies is the eavesdropper: give one"
            )

    @property
    def eavesdropper(self) -> Eavesdropper | None:
        """The eavesdropper, or the station that lies, as an object."""
        assert not isinstance(self.cheater, str)
        return self.cheater or super().eavesdropper

    @property
    def sifted_share(self) -> float:
        """Mean share of rounds in which both parties have the same basis and the station announces a Bell state."""
        return super().sifted_share * self._success

    @property
    def rules(self) -> SessionParameters:
        """The rules of the classical half.

        Three numbers are on record in each basis: of Alice's ones, and of Bob's ones beside her ones and her zeros.
        """
        return session_rules(self, 3 * len(behaviour(self.eavesdropper, self.bases)[0]))

    @property
    def _success(self) -> float:
        """The share of rounds in which the station announces a Bell state: each is equally likely, whatever the noise."""
        return len(MEASUREMENTS[self.bell]) / len(BELL_RESULTS)

    def _chain(self) -> Network:
        network = set_network(self, "a chain of at least two links", "hops", 2)
        if network.path() and network.hops < 2:
            raise ParameterError(
                f"the station lies between two links at least, got {network.hops}: give hops=2 or more"
            )
        return network

    def _station(self) -> tuple[int, str]:
        """Return the number of links between Alice and the station, and the name of its node."""
        path = self._chain().path()
        return len(path) // 2, path[len(path) // 2]

    def _links_before(self) -> int:
        return 0 if self.cheater is None else self._station()[0]

    def lines(self) -> tuple[Line, ...]:
        """Return the settings: bases and bits of both parties, and the lie or the eavesdropper's choice."""
        chosen, _ = self._chosen()
        return (joining(chosen, *behaviour(self.eavesdropper, self.bases), MEASUREMENTS[self.bell]),)

    def circuit(self, setting: Setting) -> QuantumCircuit:
        """Return the circuit of two qubits that meet at the station."""
        return joined_circuit(self._network(), self._station()[1], setting, self.eavesdropper)

    def _announced(self, setting: Setting, circuit: QuantumCircuit) -> tuple[Announcement, ...]:
        """Return the announcements, of which the station's comes first."""
        result = ((OUT, 0), (OUT, 1))
        names = circuit.qregs[0].name, circuit.qregs[-1].name
        station = self._station()[1]
        first = tuple(
            Announcement(station, name, 2, "result of the Bell measurement", result) for name in names
        )
        return (*first, *super()._announced(setting, circuit))

    def _declared(self, names: Mapping[str, str]) -> list[Figure]:
        figures = super()._declared(names)
        if self.bell == "full":
            return figures
        success = counted_share(self.lines()[0], names)
        return [*figures, Figure("success", success, self._success, self._success, physical=(0.0, 1.0))]

    def _figures(self, whole: Weights, before: Weights) -> dict[str, float]:
        found = super()._figures(whole, before)
        return found if self.bell == "full" else {**found, "success": self._success}
