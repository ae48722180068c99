"""The plots of a report, as far as what they show is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet_circuits.backends.registry import stand_in_device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import QnetError
from qnet_circuits.runs.results.report.pictures import picture

if TYPE_CHECKING:
    from qnet_circuits.compiling.compiled import Compiled, CompiledItem
    from qnet_circuits.runs.results.result import Result

#: So many figures are told in words.
_TOLD = 8
#: A circuit of more qubits is not drawn in time.
_WIDEST = 120


def plots_of(result: Result) -> dict[str, str]:
    """Return the plots by the section that they stand in, each as an element of the page."""
    drawn = {"figures": picture(_figures(result), "figures", "The figures of merit.", _words(result))}
    if "ledger" in result.more:
        drawn["account"] = picture(_ledger(result), "account", "From the sifted bits down to the key.")
    behind = result.sampled
    compiled = None if behind is None else behind.source.shown
    if compiled is not None:
        drawn |= _of_circuits(compiled, DeviceNoise.from_stored(result.provenance.get("noise") or {}))
    return {name: each for name, each in drawn.items() if each}


def _words(result: Result) -> str:
    """Return the first figures in words, for those who do not see their plot."""
    said = [f"{name} {estimate}" for name, estimate in list(result.figures.items())[:_TOLD]]
    more = len(result.figures) - len(said)
    return f"Figures of merit: {', '.join(said)}{f', and {more} more' if more else ''}; the table below has all that is known."


def _figures(result: Result) -> Callable[[], Any]:
    controlled = result.provenance.get("controls") and not result.copies
    return lambda: result.compare().plot() if controlled else result.plot()


def _ledger(result: Result) -> Callable[[], Any]:
    from qnet_circuits.plotting.ledger import plot_ledger

    return lambda: plot_ledger(result)


def _of_circuits(compiled: Compiled, noise: DeviceNoise) -> dict[str, str]:
    """Return the plots of the first circuit and of the network."""
    from qnet_circuits.plotting.circuit import plot_circuit
    from qnet_circuits.plotting.network import plot_network
    from qnet_circuits.plotting.timeline import plot_timeline

    program, item = compiled.program, compiled.protocol_items()[0]
    source = next(each for each in program if each.name == item.source)
    many = f" The first of {len(program.items)} circuits." if len(program.items) > 1 else ""
    drawn = {
        "circuit": picture(
            lambda: plot_circuit(source.circuit),
            "circuit",
            f"Circuit {item.source}, as the protocol writes it.{many}",
        )
    }
    if program.network is not None:
        network = program.network
        drawn["network"] = picture(lambda: plot_network(network), "network", "Nodes and links.")
    if compiled.device is None:
        return drawn
    device, qubits = compiled.device.name, len(item.qubits)
    if qubits <= _WIDEST:
        drawn["timeline"] = picture(
            lambda: plot_timeline(compiled, noise, item.name),
            "timeline",
            f"The same circuit in time on {device}.",
        )
    drawn["placement"] = picture(
        lambda: _placement(compiled, item, source.circuit),
        "placement",
        f"Where {'the first copy of ' if compiled.copies else ''}circuit {item.source} begins on {device}.",
    )
    return drawn


def _placement(compiled: Compiled, item: CompiledItem, circuit: Any) -> Any:
    from qnet_circuits.plotting.placement import plot_placement

    assert compiled.device is not None
    nodes = {
        register.name: [item.layout[circuit.find_bit(qubit).index] for qubit in register]
        for register in circuit.qregs
    }
    return plot_placement(_couplings(compiled), nodes)


def _couplings(compiled: Compiled) -> list[tuple[int, int]]:
    """Return the couplings of a chip: of a stand-in all, else those that the calibration at hand has."""
    assert compiled.device is not None
    known = {(min(pair), max(pair)) for pair in compiled.device.calibration.couplings}
    try:
        whole = stand_in_device(compiled.device.name).couplings
    except QnetError:
        return sorted(known)
    every = {(min(pair), max(pair)) for pair in whole}
    return sorted(every if known <= every else known)
