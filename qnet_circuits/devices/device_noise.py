"""The noise of a device: the sources that are switched on, and numbers that no calibration contains."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qnet_circuits.devices.places import place_of
from qnet_circuits.errors import ParameterError, check_name, check_range

#: Longest latency, strongest coupling and splitting, and longest coherence that make sense; beyond them a unit was mistaken.
_LONGEST_LATENCY = 1e-3
_STRONGEST_ZZ = 1e7
_WIDEST_SPLITTING = 1e6
_SHORTEST_T2_STAR, _LONGEST_T2_STAR = 1e-9, 1.0
#: What stands for the number that is typical of a device's family.
TYPICAL: Literal["typical"] = "typical"
#: A qubit or two, and a number: what a mapping is kept as, so that a description has a hash.
ByPlace = tuple[tuple[Any, ...], ...]
#: What a run that was stored without a field had.
_BEFORE: dict[str, Any] = {"decision_latency": 0.0, "zz": 0.0, "charge_parity": 0.0, "t2_star": None}


@dataclass(frozen=True)
class DeviceNoise:
    """The noise of a device: the sources that are switched on, and numbers that no calibration contains.

    Gates and resets have their calibrated infidelity, which includes relaxation during the gate. Readout errs with both
    calibrated probabilities; in mid-circuit it has the error of the device's own operation. Every waiting qubit relaxes with T1
    and T2: during gates, measurements and resets of other qubits, and while a real-time decision is on its way. Published
    comparisons of calibration noise with processors need 1.5 to 3 µs for each decision, hence the default of
    ``feedforward_latency``; n decisions in series take ``feedforward_latency`` and n - 1 times ``decision_latency``.

    No calibration has the last five terms, so the result names those that are on. They act on waiting qubits, also inside
    branches. By default ``zz`` and ``charge_parity`` have the values that are typical of the device's family, since open data
    of a processor need both (docs/model.md), and the other three are off.

    Args:
        gates: Whether gates and resets have errors. Default True.
        readout: Whether readout has errors. Default True.
        idle: Whether qubits relax and dephase while they wait, also for a decision. Default True.
        feedforward_latency: Seconds from the end of a measurement to the start of an operation that depends on it, in [0,
            1e-3]. Default 1.5e-6. A branch lasts equally long whether it is taken or not.
        decision_latency: Seconds from the start of one decision to the start of the next decision on other bits, or on other
            measurements of the same bits, in [0, 1e-3]: a controller makes one decision after another. Default 0.7e-6, which
            fits the dynamic circuits of E. Bäumer et al., arXiv:2308.13065.
        post_measure_fraction: Share of its measurement during which a qubit that is used again relaxes from its measured
            state, in [0, 1]. Default 1.
        zz: Strength ζ in Hz of the coherent coupling of coupled qubits of which one waits and the other waits, is measured, or
            is not used again: in a time t they turn by exp(-2πi ζ t |11⟩⟨11|). In [-1e7, 1e7]; or a mapping of couplings to
            strengths, such as ``{"3-4": 78900}`` or ``{(3, 4): 78900}``, in which all other couplings have none; or
            ``"typical"``, the default: the number that is typical of the device's family, or none if that is unknown.
        charge_parity: Distance δ in Hz of the two frequencies that a qubit has by the parity of its charge, in [0, 1e6]: a
            superposition that waits for a time t keeps cos(π δ t) of itself. Or a mapping of qubits to distances, such as
            ``{"22": 6600}`` or ``{22: 6600}``; or ``"typical"``, the default. Its sign stays through diagonal gates, and X and
            Y turn it, so that an echo undoes it; any other gate draws it anew.
        t2_star: A mapping of qubits to T2* in seconds, such as ``{"22": 84.5e-6}``, which overrides ``t2_star_fraction``.
            Default None.
        t2_star_fraction: T2* / T2, in (0, 1]: below 1, a wait t ends with the coherence exp(-t/T2 - (t/T)²), which is 1/e at
            T2*, from noise that is slow: its Gaussian part has a sign as the parity of charge has.
        measurement_dephasing: Probability of Z on a waiting qubit for each mid-circuit measurement of a neighbour, in [0, 0.5];
            in proportion if the qubit waits only for a part of the measurement.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> DeviceNoise(readout=False).feedforward_latency
        1.5e-06
        >>> DeviceNoise.from_parameters(idle=False).sources
        ('gates', 'readout')
        >>> DeviceNoise(zz={"4-3": 78900}).to_dict()["zz"]
        {'3-4': 78900.0}
    """

    gates: bool = True
    readout: bool = True
    idle: bool = True
    feedforward_latency: float = 1.5e-6
    decision_latency: float = 0.7e-6
    post_measure_fraction: float = 1.0
    zz: float | Literal["typical"] | Mapping[Any, float] | ByPlace = TYPICAL
    charge_parity: float | Literal["typical"] | Mapping[Any, float] | ByPlace = TYPICAL
    t2_star: Mapping[Any, float] | ByPlace | None = None
    t2_star_fraction: float = 1.0
    measurement_dephasing: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gates", "readout", "idle"):
            if not isinstance(getattr(self, name), bool):
                raise ParameterError(f"{name} must be True or False, got {getattr(self, name)!r}")
        ranges = {
            "feedforward_latency": (0.0, _LONGEST_LATENCY),
            "decision_latency": (0.0, _LONGEST_LATENCY),
            "post_measure_fraction": (0.0, 1.0),
            "t2_star_fraction": (1e-3, 1.0),
            "measurement_dephasing": (0.0, 0.5),
        }
        kept: dict[str, Any] = {
            name: check_range(name, getattr(self, name), *limits) for name, limits in ranges.items()
        }
        kept["zz"] = _declared("zz", self.zz, 2, -_STRONGEST_ZZ, _STRONGEST_ZZ)
        kept["charge_parity"] = _declared("charge_parity", self.charge_parity, 1, 0.0, _WIDEST_SPLITTING)
        if self.t2_star is not None:
            kept["t2_star"] = _by_place("t2_star", self.t2_star, 1, _SHORTEST_T2_STAR, _LONGEST_T2_STAR)
        for name, value in kept.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_parameters(cls, /, **plain: Any) -> DeviceNoise:
        """Make a description of plain values, by the names of its fields.

        Raises:
            UnknownNameError: If there is no such source of noise.
            ParameterError: If a value is out of range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in plain:
            check_name("source of noise", name, known)
        return cls(**plain)

    @classmethod
    def from_stored(cls, plain: Mapping[str, Any]) -> DeviceNoise:
        """Make the description that was stored with a run; older versions lack newer fields."""
        return cls.from_parameters(**{**_BEFORE, **plain})

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the calibrated sources that are on."""
        return tuple(name for name in ("gates", "readout", "idle") if getattr(self, name))

    @property
    def latencies(self) -> str:
        """How long decisions take, in words."""
        first, further = self.feedforward_latency * 1e6, self.decision_latency * 1e6
        return (
            f"feed-forward latency of {first:g} µs, {further:g} µs more for each further decision in series"
        )

    @property
    def names_places(self) -> bool:
        """Whether it names qubits or couplings, which a device may not have."""
        return any(isinstance(each, tuple) for each in (self.zz, self.charge_parity, self.t2_star))

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, as ``noise`` in JSON."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            name: {label(entry[:-1]): entry[-1] for entry in value} if isinstance(value, tuple) else value
            for name, value in plain.items()
        }


def check_noise(noise: DeviceNoise | Mapping[str, Any] | None) -> DeviceNoise:
    """Return a description of noise: the default for None, and one of plain values for a mapping."""
    if noise is None:
        return DeviceNoise()
    if isinstance(noise, Mapping):
        return DeviceNoise.from_parameters(**{str(name): value for name, value in noise.items()})
    if not isinstance(noise, DeviceNoise):
        raise ParameterError(f"noise must be a DeviceNoise, such as DeviceNoise(idle=False), got {noise!r}")
    return noise


def label(place: Iterable[int]) -> str:
    """Return a qubit, or a coupling, as text.

    Example:
        >>> label((3, 4)), label((22,))
        ('3-4', '22')
    """
    return "-".join(map(str, place))


def _declared(name: str, given: Any, size: int, low: float, high: float) -> float | str | ByPlace:
    """Return the given value of a term: a number, the word ``typical``, or numbers by place."""
    if isinstance(given, Mapping | tuple):
        return _by_place(name, given, size, low, high)
    if isinstance(given, str):
        if given == TYPICAL:
            return given
        example = label(range(3, 3 + size))
        raise ParameterError(
            f'{name} must be a number in [{low:g}, {high:g}], "{TYPICAL}", or numbers by place such as '
            f'{{"{example}": 5000}}, got {given!r}'
        )
    return check_range(name, given, low, high)


def _by_place(name: str, given: Any, size: int, low: float, high: float) -> ByPlace:
    """Return the numbers of qubits or couplings in order, from a mapping or from what is kept of one."""
    kept = isinstance(given, tuple) and all(isinstance(entry, tuple) and entry for entry in given)
    if not (kept or isinstance(given, Mapping)):
        example = label(range(22, 22 + size))
        raise ParameterError(f'{name} must be a mapping, such as {{"{example}": 5e-5}}, got {given!r}')
    pairs = given.items() if isinstance(given, Mapping) else [(entry[:-1], entry[-1]) for entry in given]
    found: dict[tuple[int, ...], float] = {}
    for key, value in pairs:
        place = _place(name, key, size)
        if place in found:
            raise ParameterError(f"{name} gives {label(place)} twice; give it once")
        found[place] = check_range(f"{name} of {label(place)}", value, low, high)
    return tuple((*place, value) for place, value in sorted(found.items()))


def _place(name: str, key: Any, size: int) -> tuple[int, ...]:
    """Return the qubits that a key of a mapping names, in order."""
    qubits = place_of(key)
    if len(qubits) != size:
        what = 'a qubit, such as "22"' if size == 1 else 'a coupling, such as "3-4" or (3, 4)'
        raise ParameterError(f"{name} takes {what}, got {key!r}")
    return qubits
