"""The id of a run's specification. Runs with the same id repeat each other."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.programs.protocol import Protocol, called
from qnet_circuits.runs.directory import SCHEMA
from qnet_circuits.runs.options import OPTIONS, RunOptions


def specification_id(
    protocol: Protocol, program: str, backend: BaseBackend, options: RunOptions, seed: int
) -> str:
    """Return the SHA-256 of everything that determines the outcomes, in hexadecimal digits.

    Args:
        protocol: The protocol, adapted to the backend's device.
        program: The id of its program.
        backend: The backend, with its noise.
        options: The options, with the layout in plain values.
        seed: The seed of all random numbers.
    """
    device, kept = backend.device, options.to_manifest()
    said = {
        "schema": SCHEMA,
        "protocol": called(protocol),
        "parameters": protocol.parameters,
        "program": program,
        "backend": backend.name,
        "calibration": None if device is None else device.calibration.digest,
        "noise": None if backend.noise is None else backend.noise.to_dict(),
        "options": {name: value for name, value in kept.items() if OPTIONS[name].decides},
        "seed": seed,
    }
    return digest(said)


def digest(plain: Any) -> str:
    """Return the SHA-256 of plain values, in hexadecimal digits; the order of names does not matter."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=repr).encode()).hexdigest()
