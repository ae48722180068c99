"""Errors of two-qubit gates from the measured links of a benchmark, in place of the calibrated errors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from qnet_circuits.backends.registry import device_of
from qnet_circuits.backends.simulation.operations import relaxation_error
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.entries import FAILED
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.protocols.link_benchmark import LinkBenchmark
from qnet_circuits.runs.layouts import link_fidelities, result_in
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.verbs import predict

Pair = tuple[int, int]
#: Least and largest error that is given: an error of 0, and one of 1/2, would count as a failed calibration.
_LEAST, _MOST = 1e-6, FAILED - 1e-6
#: A slope below this says that a fidelity does not depend on the gate.
_FLAT = 1e-6


def measured_values(result: Result | str | os.PathLike[str], device: Any) -> dict[Pair, dict[str, float]]:
    """Return the errors of two-qubit gates that explain the link fidelities of a benchmark.

    A link's fidelity falls linearly with the depolarisation of its one two-qubit gate, and so with the gate's error. Two exact
    predictions, with all other values from the calibration, give this line; the measured fidelity then gives the error. If the
    error is below that of the gate's relaxation alone, the twin shortens relaxation; a third prediction then gives another
    line, which is a good approximation. Errors lie between 0 and 1/2, both excluded. A link whose fidelity does not depend on
    its gate is left out.

    Args:
        result: The result of a link benchmark with ``kind="edge"``, or the directory of its run.
        device: The device whose calibration gives all other values, in any form that names a device.

    Returns:
        The values, ready for ``DeviceCalibration.with_values``.

    Raises:
        ParameterError: If ``result`` is not such a result, or is of another device.

    Example:
        >>> import qnet_circuits as qn
        >>> said, real = qn.line_device(3, two_qubit_error=0.01), qn.line_device(3, two_qubit_error=0.02)
        >>> values = qn.measured_values(qn.predict(qn.LinkBenchmark(), real), said)
        >>> round(values[0, 1]["two_qubit_error"], 6), round(said.with_values(values).error("cz", (0, 1)), 6)
        (0.02, 0.02)
    """
    found = device_of(device)
    calibration = found.calibration
    measured = result if isinstance(result, Result) else result_in(result)
    fidelities = link_fidelities(measured, measured.title, found)
    floor = {pair: _floor(calibration, pair) for pair in fidelities}
    marks = [dict.fromkeys(floor, _LEAST), floor, {pair: (low + FAILED) / 2 for pair, low in floor.items()}]
    lines = [_predicted(measured, calibration, found, errors) for errors in marks]
    values = {}
    for pair, fidelity in fidelities.items():
        points = [(line[pair], errors[pair]) for line, errors in zip(lines, marks, strict=True)]
        # Below the error by relaxation alone, relaxation is shortened: another line.
        best, worst = points[:2] if fidelity > points[1][0] and floor[pair] > _LEAST else points[1:]
        slope = (best[0] - worst[0]) / (worst[1] - best[1])
        if slope > _FLAT:
            error = best[1] + (best[0] - fidelity) / slope
            values[pair] = {"two_qubit_error": min(max(error, _LEAST), _MOST)}
    return values


def _floor(calibration: DeviceCalibration, pair: Pair) -> float:
    """Return the error that relaxation alone gives the two-qubit gate that a link is made with, which is slower if turned."""
    usable = Usable(calibration)
    gates = [entry for entry in calibration.entries if set(entry.qubits) == set(pair)]
    forward = [entry for entry in gates if entry.qubits == pair]
    return max(_LEAST, *(relaxation_error(usable, each.name, each.qubits) for each in forward or gates))


def _predicted(
    measured: Result, calibration: DeviceCalibration, device: Device, errors: Mapping[Pair, float]
) -> dict[Pair, float]:
    """Return the fidelities that a benchmark would have measured, with certain errors of two-qubit gates."""
    own, noise = measured.provenance["parameters"], measured.provenance.get("noise")
    benchmark = LinkBenchmark(edges=tuple(errors), link_fidelity=own["link_fidelity"])
    values = {pair: {"two_qubit_error": error} for pair, error in errors.items()}
    other = Device.from_calibration(calibration.with_values(values), device.notes)
    result = predict(benchmark, other, noise=DeviceNoise.from_stored(noise) if noise else None)
    return link_fidelities(result, result.title, other)
