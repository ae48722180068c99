"""Measured links, by which programs are placed instead of by the calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qnet_circuits.devices.device import Device
from qnet_circuits.errors import LayoutError, ParameterError, check_count, check_range


@dataclass(frozen=True)
class MeasuredLinks:
    """The measured infidelity of each link's Bell pair; other links and qubits are not used.

    Args:
        links: Two coupled physical qubits, and 1 - F in [0, 1], for each link.
        source: The origin of the measurement, in words.

    Raises:
        ParameterError: If there is no link, or a value is out of range.

    Example:
        >>> MeasuredLinks(((0, 1, 0.02), (1, 2, 0.3)), "link-benchmark on aer:fake_manila").qubits
        (0, 1, 2)
    """

    links: tuple[tuple[int, int, float], ...]
    source: str

    def __post_init__(self) -> None:
        checked = tuple(
            (check_count("qubit", a, 0), check_count("qubit", b, 0), check_range("infidelity", lack, 0, 1))
            for a, b, lack in self.links
        )
        object.__setattr__(self, "links", checked)
        if not checked:
            raise ParameterError("a layout by measured links needs at least one link, got none")

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits of the links, in order."""
        return tuple(sorted({qubit for a, b, _ in self.links for qubit in (a, b)}))

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        return {"source": self.source, "links": [list(link) for link in self.links]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> MeasuredLinks:
        """Make measured links of their plain form."""
        try:
            return cls(tuple((a, b, lack) for a, b, lack in plain["links"]), str(plain["source"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ParameterError(f"no links of a benchmark can be read of {plain!r}: {error}") from None

    def check(self, device: Device) -> None:
        """Raise LayoutError if a link is no coupling of a device."""
        known = device.calibration.couplings
        for a, b, _ in self.links:
            if frozenset((a, b)) not in known:
                raise LayoutError(
                    f"{self.source} has the link {a}-{b}, which {device.name} does not couple; "
                    "give a benchmark of this device"
                )
