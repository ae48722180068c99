"""The values of ``layout=`` in plain form: qubits, ``auto``, or the measured links of a benchmark."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.programs.figures import links_of
from qnet_circuits.runs.results.result import Result

#: What leaves the choice to the compiler; two names for the same.
CHOSEN = ("auto", "predicted")
_TAKES = "layout must be 'auto', 'predicted', a list of qubits, the result of a link benchmark, or the directory of its run"


def plain_layout(layout: Any, device: Device | None) -> Any:
    """Return a layout in plain values, as a manifest keeps it. The qubits are checked later.

    Args:
        layout: ``auto``, ``predicted``, a list of qubits, a Result of a link benchmark, or the path of its run; or a value
            returned by this function.
        device: The device of the layout.

    Raises:
        ParameterError: If ``layout`` is none of these, or the benchmark measured another device.
        RecordError: If the run has no outcomes.
        UnsupportedError: If there is no device.
    """
    if isinstance(layout, str) and layout in CHOSEN:
        return "auto" if device is not None else _without_device()
    if isinstance(layout, Result):
        return _measured(layout, layout.title, device).to_dict()
    if isinstance(layout, Mapping):
        return MeasuredLinks.from_dict(layout).to_dict()
    if isinstance(layout, str | os.PathLike):
        return _from_directory(layout, device).to_dict()
    if not isinstance(layout, Iterable):
        raise ParameterError(f"{_TAKES}, got {layout!r}")
    return [
        int(qubit) if hasattr(qubit, "__index__") and not isinstance(qubit, bool) else qubit
        for qubit in layout
    ]


def _from_directory(path: str | os.PathLike[str], device: Device | None) -> MeasuredLinks:
    if not os.path.isdir(path):
        raise ParameterError(f"{_TAKES}, got {os.fspath(path)!r}")
    result = result_in(path)
    return _measured(result, f"{result.title}, in {os.fspath(path)}", device)


def result_in(path: str | os.PathLike[str]) -> Result:
    """Return the result of a run's directory.

    Raises:
        RecordError: If there are no outcomes, or the directory cannot be read.
    """
    from qnet_circuits.runs.analysis import Stored, analyse
    from qnet_circuits.runs.kept import Kept

    kept = Kept.read(path, reads_only=True)
    kept.check_collected()
    return analyse(Stored(kept.manifest, kept.manifest.figures, kept.outcomes(), kept.values()), 0.95)


def _without_device() -> NoReturn:
    raise UnsupportedError("a layout needs a device; name a device, for example aer:fake_kingston")


def _measured(result: Result, source: str, device: Device | None) -> MeasuredLinks:
    """Return the links of a benchmark's result, if it is one, of this device's chip."""
    if device is None:
        _without_device()
    fidelities = link_fidelities(result, source, device)
    return MeasuredLinks(
        tuple((a, b, min(max(1 - value, 0.0), 1.0)) for (a, b), value in fidelities.items()), source
    )


def link_fidelities(result: Result, source: str, device: Device) -> dict[tuple[int, int], float]:
    """Return the fidelity of each link of a benchmark's result.

    Args:
        result: The result.
        source: The origin of the result, for messages.
        device: The device that it must have measured.

    Raises:
        ParameterError: If it is not the result of a link benchmark, or the benchmark measured another device.
    """
    provenance = result.provenance
    pairs = {
        (line[0], line[1]): each.value for line, each in links_of(result.figures).items() if len(line) == 2
    }
    if not pairs:
        kind = (provenance.get("parameters") or {}).get("kind")
        raise ParameterError(
            f"the result of a link-benchmark with kind='edge' is needed, got a result of {source}"
            + (f" with kind={kind!r}" if kind else "")
        )
    if provenance.get("layout") is None:
        raise ParameterError(f"{source} was run without a device, so it measured no link of a device")
    # Outcomes from elsewhere are of the chip that their circuits were compiled for.
    backend = provenance.get("compiled_for", provenance.get("backend"))
    measured, asked = _chip(str(backend)), _chip(device.name)
    if measured not in (None, asked):
        raise ParameterError(
            f"{source} measured the links of {measured}, not of {asked}; give a benchmark of {device.name}"
        )
    return pairs


def _chip(name: str) -> str | None:
    """Return the chip in the name of a backend or device; None for a file, which may describe any chip.

    Example:
        >>> _chip("aer:fake_torino"), _chip("ibm:ibm_torino"), _chip("aer:snapshot.json")
        ('torino', 'torino', None)
    """
    label = name.partition(":")[2] or name
    if label.lower().endswith(".json"):
        return None
    return label.removeprefix("calibration ").removeprefix("fake_").removeprefix("ibm_")
