"""The plots of a report, as far as their data are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.runs.results.report.pictures import picture

if TYPE_CHECKING:
    from qnet_circuits.compiling.compiled import Compiled
    from qnet_circuits.runs.results.result import Result

#: So many figures are told in words.
_TOLD = 8


def plots_of(result: Result) -> dict[str, str]:
    """Return the plots by section, each as an element of the page."""
    drawn = {"figures": picture(result.plot, "figures", "The figures of merit.", _words(result))}
    if "ledger" in result.more:
        drawn["account"] = picture(_ledger(result), "account", "From the sifted bits down to the key.")
    behind = result.sampled
    compiled = None if behind is None else behind.source.shown
    if compiled is not None:
        drawn |= _of_circuits(compiled, DeviceNoise.from_stored(result.provenance.get("noise") or {}))
    return {name: each for name, each in drawn.items() if each}


def _words(result: Result) -> str:
    """Return the first figures in words, for readers who cannot see the plot."""
    said = [f"{name} {estimate}" for name, estimate in list(result.figures.items())[:_TOLD]]
    more = len(result.figures) - len(said)
    return f"Figures of merit: {', '.join(said)}{f', and {more} more' if more else ''}; the table below has all values."


def _ledger(result: Result) -> Callable[[], Any]:
    from qnet_circuits.plotting.ledger import plot_ledger

    return lambda: plot_ledger(result)


def _of_circuits(compiled: Compiled, noise: DeviceNoise) -> dict[str, str]:
    """Return the plots of the first circuit and of the network."""
    from qnet_circuits.plotting.circuit import plot_circuit
    from qnet_circuits.plotting.network import plot_network
    from qnet_circuits.plotting.placement import plot_placement
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
    device = compiled.device.name
    drawn["timeline"] = picture(
        lambda: plot_timeline(compiled, noise, item.name),
        "timeline",
        f"The same circuit in time on {device}.",
    )
    drawn["placement"] = picture(
        lambda: plot_placement(compiled, item.name),
        "placement",
        f"Where {'the first copy of ' if compiled.copies else ''}circuit {item.source} begins on {device}.",
    )
    return drawn
