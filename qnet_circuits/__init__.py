"""Quantum-network protocols written once, and run exactly, on a noisy digital twin of a processor, and on the processor.

>>> import qnet_circuits as qn
>>> print(qn.run(qn.RepeaterChain(hops=2), shots=1000, seed=1).fidelity)
1.00000 [0.99816, 1.00000]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qnet_circuits import errors as errors
    from qnet_circuits import testing as testing
    from qnet_circuits.backends.base import Backend as Backend
    from qnet_circuits.backends.mock import MockBackend as MockBackend
    from qnet_circuits.backends.service.cost import Cost as Cost
    from qnet_circuits.compiling.compiled import Compiled as Compiled
    from qnet_circuits.devices.calibration import DeviceCalibration as DeviceCalibration
    from qnet_circuits.devices.device import Device as Device
    from qnet_circuits.devices.device_noise import DeviceNoise as DeviceNoise
    from qnet_circuits.devices.synthetic import grid_device as grid_device
    from qnet_circuits.devices.synthetic import heavy_hex_device as heavy_hex_device
    from qnet_circuits.devices.synthetic import line_device as line_device
    from qnet_circuits.errors import BackendError as BackendError
    from qnet_circuits.errors import FrameError as FrameError
    from qnet_circuits.errors import LayoutError as LayoutError
    from qnet_circuits.errors import LocalityError as LocalityError
    from qnet_circuits.errors import NoShotsError as NoShotsError
    from qnet_circuits.errors import ParameterError as ParameterError
    from qnet_circuits.errors import ProgramError as ProgramError
    from qnet_circuits.errors import QnetError as QnetError
    from qnet_circuits.errors import RecordError as RecordError
    from qnet_circuits.errors import UnknownNameError as UnknownNameError
    from qnet_circuits.errors import UnsupportedError as UnsupportedError
    from qnet_circuits.errors import VerificationError as VerificationError
    from qnet_circuits.plotting.ledger import plot_ledger as plot_ledger
    from qnet_circuits.plotting.links import plot_links as plot_links
    from qnet_circuits.plotting.timeline import plot_timeline as plot_timeline
    from qnet_circuits.programs.blocks import bell_measurement as bell_measurement
    from qnet_circuits.programs.blocks import chain_registers as chain_registers
    from qnet_circuits.programs.blocks import distribute as distribute
    from qnet_circuits.programs.blocks import entangled_ends as entangled_ends
    from qnet_circuits.programs.blocks import measure_pauli as measure_pauli
    from qnet_circuits.programs.blocks import prepare as prepare
    from qnet_circuits.programs.chain_protocol import ChainProtocol as ChainProtocol
    from qnet_circuits.programs.corrections import correct as correct
    from qnet_circuits.programs.figures import Expression as Expression
    from qnet_circuits.programs.figures import Figure as Figure
    from qnet_circuits.programs.figures import parity as parity
    from qnet_circuits.programs.figures import population as population
    from qnet_circuits.programs.links import entangle as entangle
    from qnet_circuits.programs.links import transmit as transmit
    from qnet_circuits.programs.network import Link as Link
    from qnet_circuits.programs.network import Network as Network
    from qnet_circuits.programs.program import Item as Item
    from qnet_circuits.programs.program import Program as Program
    from qnet_circuits.programs.protocol import Analysis as Analysis
    from qnet_circuits.programs.protocol import Analyzed as Analyzed
    from qnet_circuits.programs.protocol import Protocol as Protocol
    from qnet_circuits.programs.protocol import protocol_class as protocol_class
    from qnet_circuits.programs.protocol import protocol_names as protocol_names
    from qnet_circuits.programs.protocol import register as register
    from qnet_circuits.protocols.bb84 import BB84 as BB84
    from qnet_circuits.protocols.bbm92 import BBM92 as BBM92
    from qnet_circuits.protocols.chsh import Chsh as Chsh
    from qnet_circuits.protocols.e91 import E91 as E91
    from qnet_circuits.protocols.entanglement_swapping import EntanglementSwapping as EntanglementSwapping
    from qnet_circuits.protocols.ghz import Ghz as Ghz
    from qnet_circuits.protocols.link_benchmark import LinkBenchmark as LinkBenchmark
    from qnet_circuits.protocols.long_range_cnot import LongRangeCnot as LongRangeCnot
    from qnet_circuits.protocols.repeater_chain import RepeaterChain as RepeaterChain
    from qnet_circuits.protocols.six_state import SixState as SixState
    from qnet_circuits.protocols.superdense_coding import SuperdenseCoding as SuperdenseCoding
    from qnet_circuits.protocols.swap_transport import SwapTransport as SwapTransport
    from qnet_circuits.protocols.teleportation import Teleportation as Teleportation
    from qnet_circuits.protocols.teleported_cnot import TeleportedCnot as TeleportedCnot
    from qnet_circuits.qkd.eavesdroppers import EntanglingProbe as EntanglingProbe
    from qnet_circuits.qkd.eavesdroppers import InterceptResend as InterceptResend
    from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle as ManInTheMiddle
    from qnet_circuits.runs.cost_estimate import estimate_cost as estimate_cost
    from qnet_circuits.runs.error_budget import error_budget as error_budget
    from qnet_circuits.runs.prepared import Prepared as Prepared
    from qnet_circuits.runs.results.comparison import Comparison as Comparison
    from qnet_circuits.runs.results.costs import Budget as Budget
    from qnet_circuits.runs.results.outcomes import Outcomes as Outcomes
    from qnet_circuits.runs.results.result import Result as Result
    from qnet_circuits.runs.run import Run as Run
    from qnet_circuits.runs.verbs import compile as compile
    from qnet_circuits.runs.verbs import open_run as open_run
    from qnet_circuits.runs.verbs import predict as predict
    from qnet_circuits.runs.verbs import replay as replay
    from qnet_circuits.runs.verbs import run as run
    from qnet_circuits.runs.verbs import submit as submit
    from qnet_circuits.theory.estimate import Estimate as Estimate
    from qnet_circuits.theory.noise_parameters import NoiseParameters as NoiseParameters

__version__ = "0.1.0"

# Names are looked up in their modules on first use, so that importing the package stays quick.
_HOME = {
    "backends.base": ("Backend",),
    "backends.mock": ("MockBackend",),
    "runs.error_budget": ("error_budget",),
    "programs.blocks": (
        "bell_measurement", "chain_registers", "distribute", "entangled_ends", "measure_pauli", "prepare",
    ),
    "programs.chain_protocol": ("ChainProtocol",),
    "programs.corrections": ("correct",),
    "programs.links": ("entangle", "transmit"),
    "runs.results.comparison": ("Comparison",),
    "compiling.compiled": ("Compiled",),
    "runs.results.costs": ("Budget",),
    "backends.service.cost": ("Cost",),
    "runs.cost_estimate": ("estimate_cost",),
    "errors": (
        "BackendError", "FrameError", "LayoutError", "LocalityError", "NoShotsError", "ParameterError",
        "ProgramError", "QnetError", "RecordError", "UnknownNameError", "UnsupportedError", "VerificationError",
    ),
    "theory.estimate": ("Estimate",),
    "programs.figures": ("Expression", "Figure", "parity", "population"),
    "qkd.eavesdroppers": ("EntanglingProbe", "InterceptResend", "ManInTheMiddle"),
    "programs.network": ("Link", "Network"),
    "devices.calibration": ("DeviceCalibration",),
    "devices.synthetic": ("grid_device", "heavy_hex_device", "line_device"),
    "plotting.ledger": ("plot_ledger",),
    "plotting.links": ("plot_links",),
    "plotting.timeline": ("plot_timeline",),
    "runs.prepared": ("Prepared",),
    "programs.program": ("Item", "Program"),
    "programs.protocol": ("Analysis", "Analyzed", "Protocol", "protocol_class", "protocol_names", "register"),
    "protocols.bb84": ("BB84",),
    "protocols.bbm92": ("BBM92",),
    "protocols.chsh": ("Chsh",),
    "protocols.e91": ("E91",),
    "protocols.six_state": ("SixState",),
    "protocols.entanglement_swapping": ("EntanglementSwapping",),
    "protocols.ghz": ("Ghz",),
    "protocols.link_benchmark": ("LinkBenchmark",),
    "protocols.long_range_cnot": ("LongRangeCnot",),
    "protocols.repeater_chain": ("RepeaterChain",),
    "protocols.superdense_coding": ("SuperdenseCoding",),
    "protocols.swap_transport": ("SwapTransport",),
    "protocols.teleportation": ("Teleportation",),
    "protocols.teleported_cnot": ("TeleportedCnot",),
    "runs.results.result": ("Result",),
    "runs.verbs": ("compile", "open_run", "predict", "replay", "run", "submit"),
    "runs.results.outcomes": ("Outcomes",),
    "runs.run": ("Run",),
    "devices.device_noise": ("DeviceNoise",),
    "devices.device": ("Device",),
    "theory.noise_parameters": ("NoiseParameters",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted([*_MODULE_OF, "errors", "testing"])


def __getattr__(name: str) -> Any:
    if name in ("errors", "testing"):
        return import_module(f"qnet_circuits.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'qnet_circuits' has no attribute {name!r}")
    value = getattr(import_module(f"qnet_circuits.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
