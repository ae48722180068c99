"""A protocol: an immutable description that makes a program; and the registry of protocols."""

from __future__ import annotations

import dataclasses
import inspect
import json
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, ProgramError, check_count, check_name
from qnet_circuits.programs.cheater import Cheater, cheater_of
from qnet_circuits.programs.figures import Outcomes
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Program
from qnet_circuits.secrecy import Unpicklable
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Analysis(Unpicklable):
    """Inputs, beside the outcomes, for protocols that analyse outcomes themselves.

    Args:
        level: Confidence level of the intervals.
        root: 32 secret bytes from which all random numbers of the analysis are expanded, the same for every analysis of a run.
            They come from the operating system or from a seed.
        demonstration: Whether a seed was given, so that anybody who knows the seed knows the root.
        veto: Why the analysis may give figures but no secret, as a word, a colon and words, such as ``parameters: ...`` if the
            run was made with other parameters; None if it may.
    """

    level: float
    root: bytes = field(repr=False)
    demonstration: bool
    veto: str | None = None


@dataclass(frozen=True)
class Analyzed:
    """The findings of a protocol that analyses its outcomes itself.

    Args:
        figures: Estimates by name, beside the declared ones.
        more: Plain values by name, which join the result's JSON.
        notes: Notes for the reader.
        secrets: Values by name that a result holds but never prints, compares or stores.
        refused: Why the protocol aborted although the run succeeded; None if it did not abort.
        report: Text below the table of figures.
    """

    figures: Mapping[str, Estimate]
    more: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    refused: str | None = None
    report: str = ""

    def __post_init__(self) -> None:
        for name, estimate in self.figures.items():
            if not isinstance(estimate, Estimate):
                raise ParameterError(f"figures of Analyzed must be Estimates, got {name}={estimate!r}")
        try:
            json.dumps(dict(self.more))
        except (TypeError, ValueError) as error:
            raise ParameterError(f"more of Analyzed must be plain values that JSON takes: {error}") from None

    def without_secrets(self, why: str) -> Analyzed:
        """Return the same without its secrets, refused for a reason, unless it was refused already."""
        refused = self.refused or why
        return replace(
            self, secrets=dict.fromkeys(self.secrets), refused=refused, more={**self.more, "aborted": refused}
        )


class Protocol(ABC):
    """A network protocol: a frozen dataclass whose fields are its parameters.

    A subclass sets ``name`` and defines ``program``, and ``theory`` and ``bounds`` if they exist. It never sees a backend.
    Results that cannot be declared as figures, such as a distilled key, come from ``analyze``.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> RepeaterChain(hops=2).parameters
        {'hops': 2, 'link_fidelity': 1.0}
    """

    #: Name in the registry and on the command line, words joined by hyphens.
    name: ClassVar[str] = ""
    #: What a network must be able to do for the protocol, one of ``learning.STAGES``; empty if nothing is said of it.
    stage: ClassVar[str] = ""
    #: What the promise of the protocol relies on, and what it does not cover, one sentence each.
    assumes: ClassVar[tuple[str, ...]] = ()
    #: Where the protocol is described first.
    source: ClassVar[str] = ""
    #: Whether outcomes become a secret, such as a key. Such outcomes are neither shown nor corrected for readout errors.
    secret_outcomes: ClassVar[bool] = False

    @abstractmethod
    def program(self, rng: np.random.Generator) -> Program:
        """Return the circuits and figures; all random choices come from ``rng``."""

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the figures that have a closed form for this noise, by name.

        ``noise`` is reserved: today it is always that of perfect gates and readouts, ``NoiseParameters()``.
        """
        return {}

    @property
    def reads_file(self) -> bool:
        """Whether a parameter names a file, which may change, so that the program does not follow from the parameters alone."""
        return False

    @property
    def analyzes(self) -> bool:
        """Whether it analyses outcomes beyond its declared figures."""
        return type(self).analyze is not Protocol.analyze

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed | None:
        """Return findings from the outcomes beyond the declared figures. Default: none.

        Args:
            outcomes: {circuit: {register: bool array (shots, width)}}, with all corrections applied.
            analysis: Confidence level and randomness.
        """
        return None

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed | None:
        """Return the findings of ``analyze`` in the limit of many shots. Default: none.

        Args:
            figures: The declared figures with exact values.
            analysis: Confidence level and randomness, for values that are sampled nevertheless.
        """
        return None

    def round_table(self, outcomes: Outcomes, analysis: Analysis) -> Mapping[str, NDArray[Any]] | None:
        """Return a table of all rounds, as one array for each column. Default: none.

        If outcomes become a secret, only runs with a given seed call it.

        Args:
            outcomes: As for ``analyze``.
            analysis: As for ``analyze``.
        """
        return None

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Values that figures must beat, {figure: {name of the bound: value}}."""
        return {}

    def on_couplings(self, couplings: Sequence[tuple[int, int]]) -> Protocol:
        """Return the protocol for a device with these couplings: itself, unless it measures the device.

        It is called for every device, before ``program``.

        Args:
            couplings: Pairs of physical qubits, the smaller first, without those whose calibration failed.
        """
        return self

    def baseline(self) -> Protocol | None:
        """Return the protocol that does the same by direct transport, over the same network, for control experiments.

        Its figures are compared with those of the same name. It must not need classical messages.
        """
        return None

    def set_cheater(self, kinds: Sequence[type[Cheater]]) -> None:
        """Store the field ``cheater`` as an object; for use in ``__post_init__``.

        Args:
            kinds: The classes of cheaters that the protocol knows.

        Raises:
            UnknownNameError: If there is no such cheater.
            ParameterError: If a value of its text form is wrong.
        """
        object.__setattr__(self, "cheater", cheater_of(getattr(self, "cheater", None), kinds))

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields in plain form, without those that were not given."""
        assert dataclasses.is_dataclass(self)
        values = {field.name: getattr(self, field.name, None) for field in dataclasses.fields(self)}
        return {key: _plain(value) for key, value in values.items() if value is not None}

    @property
    def id(self) -> str:
        """Name and parameters in one line."""
        listed = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{called(self)}({listed})"

    def draw(self, ax: Axes | None = None, item: str | None = None) -> Axes:
        """Draw one circuit, with nodes, links and messages, as ``plot_circuit`` does.

        Args:
            ax: Axes to draw on. Default: those of a new Matplotlib figure.
            item: Name of the circuit, that is, of the measurement setting. Default: the first.

        Returns:
            The Matplotlib axes.

        Raises:
            UnknownNameError: If there is no such circuit.
        """
        from qnet_circuits.plotting.circuit import plot_circuit

        circuits = {each.name: each.circuit for each in self.program(np.random.default_rng(0)).items}
        chosen = next(iter(circuits)) if item is None else check_name("circuit", item, circuits)
        return plot_circuit(circuits[chosen], ax)

    @classmethod
    def from_parameters(cls, /, **plain: Any) -> Protocol:
        """Make a protocol of plain values, by the names of its fields.

        Raises:
            UnknownNameError: If there is no such parameter.
            ParameterError: If a value is out of range, a value without a default is missing, or the class is incomplete.
        """
        unwritten = sorted(cls.__abstractmethods__)
        if unwritten or not dataclasses.is_dataclass(cls):
            lacks = f"no {' and no '.join(unwritten)}" if unwritten else "no fields"
            raise ParameterError(
                f"the protocol class {cls.__name__} has {lacks}: write it as a frozen dataclass with program(self, rng)"
            )
        known = [field.name for field in dataclasses.fields(cls)]
        for key in plain:
            check_name(f"parameter of {cls.name}", key, known)
        if isinstance(plain.get("network"), Mapping):
            plain["network"] = Network.from_dict(plain["network"])
        try:
            inspect.signature(cls).bind(**plain)
        except TypeError as error:
            takes = ", ".join(known) or "none"
            raise ParameterError(
                f"{cls.name or cls.__name__} cannot be made of the parameters given: {error}; it has {takes}"
            ) from None
        return cls(**plain)


def called(protocol: Protocol) -> str:
    """Return the name of a protocol in results and manifests: its own, or its class's name if it has none.

    Example:
        >>> import qnet_circuits as qn
        >>> called(qn.RepeaterChain(hops=2))
        'repeater-chain'
    """
    return protocol.name or type(protocol).__name__


def _plain(value: Any) -> Any:
    if isinstance(value, Network):
        return value.to_dict()
    if isinstance(value, Cheater):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


#: What a protocol's own methods return.
_ANSWERS: dict[str, tuple[type, ...]] = {
    "program": (Program,), "theory": (Mapping,), "analyze": (Analyzed, type(None)), "deduce": (Analyzed, type(None)),
    "round_table": (Mapping, type(None)), "on_couplings": (Protocol,), "baseline": (Protocol, type(None)),
}  # fmt: skip


def ask(protocol: Protocol, hook: str, *arguments: Any) -> Any:
    """Return the checked answer of a protocol's method, which users may have written.

    Args:
        protocol: The protocol.
        hook: The method's name: ``program``, ``theory``, ``analyze``, ``deduce``, ``round_table``, ``on_couplings`` or
            ``baseline``.
        *arguments: Its arguments.

    Raises:
        ProgramError: If it does not take them, or returns something of another kind.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> ask(RepeaterChain(hops=2), "baseline").name
        'swap-transport'
    """
    where, method = f"{type(protocol).__name__}.{hook}", getattr(protocol, hook)
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError as error:
        raise ProgramError(
            f"{where} must be a method with the parameters of Protocol.{hook}: {error}"
        ) from None
    answer = method(*arguments)
    if not isinstance(answer, _ANSWERS[hook]):
        kinds = " or ".join("None" if kind is type(None) else kind.__name__ for kind in _ANSWERS[hook])
        raise ProgramError(f"{where} must return {kinds}, got {reprlib.repr(answer)}")
    return answer


def deduced(
    protocol: Protocol, figures: Mapping[str, Estimate], rng: np.random.Generator, level: float = 0.95
) -> Analyzed | None:
    """Return a protocol's findings from exact figures, if it has any.

    Args:
        protocol: The protocol.
        figures: The declared figures.
        rng: Random numbers for values that are sampled nevertheless.
        level: Confidence level of sampled values.
    """
    found: Analyzed | None = ask(
        protocol, "deduce", figures, Analysis(level, rng.bytes(32), demonstration=True)
    )
    return found


def set_network(
    protocol: Any, shape: str, count: str | None, default: int, make: Any = Network.chain
) -> Network:
    """Give a protocol its network: from ``network``, or from a number (of hops, of parties) and ``link_fidelity``.

    Used in ``__post_init__`` of protocols, so that everything that runs over a chain or a star takes the same fields.
    Protocols over a chain inherit it from ``ChainProtocol``.

    Args:
        protocol: The protocol, with the fields ``network``, ``link_fidelity`` and, if there is one, the one named ``count``.
        shape: Required shape of the network, for error messages.
        count: Name of the field that counts links; None if their number is fixed.
        default: The default of the field ``count``, or the fixed number.
        make: Makes the network of the number and a Link.

    Returns:
        The network.

    Raises:
        ParameterError: If ``network`` is given together with the other fields, or a value is out of range.
    """
    counted = [count] if count else []
    given = [field for field in (*counted, "link_fidelity") if getattr(protocol, field) is not None]
    network: Network | None = protocol.network
    if network is not None:
        if given:
            raise ParameterError(
                f"network and {' and '.join(given)} are both given; the network decides: give one"
            )
        if not isinstance(network, Network) or (count is None and network.hops != default):
            raise ParameterError(f"network must be a Network ({shape}), got {network!r}")
        return network
    number = default
    if count and getattr(protocol, count) is not None:
        number = check_count(count, getattr(protocol, count), 1, MOST_LINKS)
    fidelity = 1.0 if protocol.link_fidelity is None else protocol.link_fidelity
    made: Network = make(number, Link(fidelity))
    if count:
        object.__setattr__(protocol, count, int(number))  # numpy's integers would not go into JSON
    object.__setattr__(protocol, "link_fidelity", float(fidelity))
    return made


#: More links or parties than any machine has qubits for.
MOST_LINKS = 1000
