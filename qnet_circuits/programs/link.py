"""A link between two nodes: its pairs, their errors, and the time and probability of an attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from qnet_circuits.errors import ParameterError, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights
from qnet_circuits.theory.fibre import ATTENUATION_DB_PER_KM, Attempt, attempt

#: The fields of a link over a distance, with their defaults.
_DISTANCE = {
    "attenuation_db_per_km": ATTENUATION_DB_PER_KM,
    "source_fidelity": 1.0,
    "efficiency": 1.0,
    "scheme": "midpoint",
}


@dataclass(frozen=True, repr=False)
class Link:
    """The physics of one elementary link.

    A link delivers a Bell-diagonal pair: the state Φ+ after I, X, Y or Z with the given weights. A fidelity F stands for the
    Werner state, whose three errors have the probability (1 - F)/3 each. The same Pauli errors happen to a qubit that is
    transmitted over the link.

    A link over a distance makes its pairs by chance, attempt after attempt (RFC 9340: elementary link generation).
    ``qnet_circuits.theory.fibre.attempt`` has the formulas of the schemes. The link's ``weights`` describe a heralded pair. A
    circuit begins with such a pair; a schedule gives its time.

    Args:
        fidelity: Overlap of the pair with Φ+, in [0.25, 1]. Default 1 if neither ``pauli`` nor ``length_km`` is given.
        pauli: The weights of (I, X, Y, Z), nonnegative, with sum 1, instead of ``fidelity``.
        length_km: Length of the fibre in km, greater than 0, instead of ``fidelity`` and ``pauli``.
        attenuation_db_per_km: Loss of the fibre in dB/km. Default 0.2.
        source_fidelity: Fidelity of the pairs that a source emits, in [0.25, 1]. Default 1. For ``single-click`` it must be
            below 1: a node sends a photon with probability 1 - ``source_fidelity``.
        efficiency: Probability that a photon is emitted, coupled and detected if the fibre loses nothing, in (0, 1]. Default 1.
        scheme: ``midpoint``, ``single-click`` or ``sender``. RFC 9340 calls the first two "at both end-points", the third
            "at source". Default ``midpoint``.

    Raises:
        ParameterError: If a value is out of range, two of fidelity, pauli and length_km are given, a parameter of a fibre is
            given without length_km, or the link never succeeds.

    Example:
        >>> Link(fidelity=0.97).weights
        (0.97, 0.01, 0.01, 0.01)
        >>> Link(pauli=(0.9, 0, 0, 0.1))
        Link(pauli=(0.9, 0.0, 0.0, 0.1))
        >>> link = Link(length_km=50, efficiency=0.8, scheme="sender")
        >>> round(link.success, 6), link.period_s
        (0.08, 0.0005)
    """

    fidelity: float | None = None
    pauli: Weights | None = None
    length_km: float | None = None
    attenuation_db_per_km: float | None = None
    source_fidelity: float | None = None
    efficiency: float | None = None
    scheme: str | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("fidelity", "pauli", "length_km") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ParameterError(f"a link takes fidelity or pauli or length_km, got {' and '.join(given)}")
        if self.length_km is None:
            self._check_plain()
            return
        for name, default in _DISTANCE.items():
            value = default if getattr(self, name) is None else getattr(self, name)
            object.__setattr__(self, name, value)
        _ = self.attempt
        for name in ("length_km", *_DISTANCE):
            if name != "scheme":  # numbers of numpy would not go into JSON
                object.__setattr__(self, name, float(getattr(self, name)))

    def _check_plain(self) -> None:
        """Check a link without a length."""
        distance = [name for name in _DISTANCE if getattr(self, name) is not None]
        if distance:
            raise ParameterError(
                f"{', '.join(distance)} of a link needs length_km; a link without a length has no fibre"
            )
        if self.pauli is not None:
            object.__setattr__(self, "pauli", check_weights(self.pauli))
            return
        fidelity = 1.0 if self.fidelity is None else self.fidelity
        object.__setattr__(self, "fidelity", check_range("link fidelity", fidelity, 0.25, 1.0))

    def __repr__(self) -> str:
        return f"Link({', '.join(f'{name}={value!r}' for name, value in self._given().items())})"

    @property
    def attempt(self) -> Attempt:
        """Success, period and heralded pair of one attempt of a link over a distance.

        Raises:
            ParameterError: If the link has no length.
        """
        if self.length_km is None:
            raise ParameterError(f"{self!r} has no length_km, and so no attempts: give Link(length_km=...)")
        return attempt(self.length_km, **{name: getattr(self, name) for name in _DISTANCE})

    @property
    def success(self) -> float:
        """Probability that one attempt makes a pair; ParameterError if the link has no length."""
        return self.attempt.success

    @property
    def period_s(self) -> float:
        """Seconds that one attempt takes, until both nodes know its outcome; ParameterError if the link has no length."""
        return self.attempt.period_s

    @property
    def weights(self) -> Weights:
        """Weights of the errors (I, X, Y, Z) of the pairs of this link."""
        if self.length_km is not None:
            return self.attempt.weights
        if self.pauli is not None:
            return self.pauli
        assert self.fidelity is not None
        rest = round((1 - self.fidelity) / 3, 15)
        return round(self.fidelity, 15), rest, rest, rest

    @property
    def ideal(self) -> bool:
        """Whether the pairs of this link have no error."""
        return self.weights[0] == 1.0

    def _given(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, with the fields that were given."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in self._given().items()
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Link:
        """Make a link of its plain form, or raise ParameterError."""
        known = [field.name for field in fields(cls)]
        unknown = set(plain) - set(known)
        if unknown:
            raise ParameterError(
                f"a link takes {', '.join(known)}, got {', '.join(sorted(map(str, unknown)))}"
            )
        pauli = plain.get("pauli")
        return cls(**{**plain, "pauli": None if pauli is None else tuple(pauli)})
