"""The circuit that a plot shows of a program compiled for a device."""

from __future__ import annotations

from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import ParameterError, UnsupportedError, check_name


def placed_item(compiled: Compiled, item: str | None, plot: str, lack: str) -> tuple[CompiledItem, Device]:
    """Return the circuit to draw, and the device that it was compiled for.

    Args:
        compiled: A program compiled for a device.
        item: Name of the circuit; None for the first.
        plot: Name of the function that draws, for messages.
        lack: What cannot be drawn without a device, for messages.

    Raises:
        ParameterError: If it is not a compiled program.
        UnsupportedError: If the program was compiled for no device.
        UnknownNameError: If there is no such circuit.
    """
    if not isinstance(compiled, Compiled):
        raise ParameterError(
            f"{plot} needs a compiled program, got {type(compiled).__name__}; give qn.compile(protocol, device)"
        )
    if compiled.device is None:
        raise UnsupportedError(f"without a device {lack}; compile for one, such as aer:fake_kingston")
    names = [each.name for each in compiled]
    return compiled.items[
        0 if item is None else names.index(check_name("circuit", item, names))
    ], compiled.device
