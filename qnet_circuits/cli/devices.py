"""``qnet devices``: the stand-in devices and their calibration, and one device at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from qnet_circuits.cli.options import json_option
from qnet_circuits.cli.output import show
from qnet_circuits.errors import ParameterError

#: Quantities of a summary as people read them: words, scale, unit.
_QUANTITIES = {
    "t1": ("T1", 1e6, " µs"),
    "t2": ("T2", 1e6, " µs"),
    "one_qubit_error": ("one-qubit error", 1.0, ""),
    "two_qubit_error": ("two-qubit error", 1.0, ""),
    "readout_error": ("readout error", 1.0, ""),
    "one_qubit_duration": ("one-qubit gate", 1e9, " ns"),
    "two_qubit_duration": ("two-qubit gate", 1e9, " ns"),
    "measurement_duration": ("measurement", 1e6, " µs"),
}


@click.command()
@click.argument("name", required=False)
@click.option("--save", type=click.Path(), metavar="FILE", help="Write the device's snapshot to FILE.json.")
@json_option
def devices(name: str | None, save: str | None, as_json: bool) -> None:
    """List the stand-in devices, or show one.

    NAME is one of them, or the path of a snapshot.
    """
    if name is None:
        if save is not None:
            raise ParameterError("--save writes one device; name it: qnet devices NAME --save FILE.json")
        listed = _listed()
        show({"schema": 1, "devices": listed} if as_json else _table(listed))
        return
    from qnet_circuits.backends.registry import device_of

    device = device_of(name)
    if save is not None:
        device.calibration.save(save)
    plain = {**_described(device), "notes": list(device.notes)}
    saved = {} if save is None else {"saved": save}
    if as_json:
        show({"schema": 1, "device": plain, **saved})
        return
    show("\n".join([_page(plain), *(f"{word}: {file}" for word, file in saved.items())]))


def _described(device: Any) -> dict[str, Any]:
    from qnet_circuits.devices.fleet import status

    return {**device.calibration.summary(), "status": status(device.calibration.source)}


def _listed() -> list[dict[str, Any]]:
    """Return all stand-ins, those in service first, larger ones before smaller ones."""
    from qnet_circuits.backends.ibm.client import fake_device, fake_device_names
    from qnet_circuits.devices.fleet import FAMILY, IN_SERVICE, RETIRED

    order = (IN_SERVICE, FAMILY, RETIRED)
    found = [_described(fake_device(name)) for name in _progress(fake_device_names())]
    return sorted(found, key=lambda each: (order.index(each["status"]), -each["qubits"], each["name"]))


def _progress(names: Sequence[str]) -> Iterator[str]:
    """Yield names, with a bar on stderr where someone looks: reading them all takes some seconds."""
    if not sys.stderr.isatty():
        yield from names
        return
    with click.progressbar(names, label="reading calibrations", file=sys.stderr) as bar:
        yield from bar


def _median(quantity: str, scale: float, form: str) -> Callable[[dict[str, Any]], str]:
    def text(plain: dict[str, Any]) -> str:
        value = plain["medians"][quantity]
        return "-" if value is None else format(value * scale, form)

    return text


#: The columns of the list: their heads, and how each is read of a device's plain form.
_COLUMNS: dict[str, Callable[[dict[str, Any]], str]] = {
    "device": lambda plain: str(plain["name"]),
    "qubits": lambda plain: str(plain["qubits"]),
    "family": lambda plain: plain["family"] or "-",
    "T1 µs": _median("t1", 1e6, "3.0f"),
    "T2 µs": _median("t2", 1e6, "3.0f"),
    "two-qubit": _median("two_qubit_error", 1, ".2g"),
    "readout": _median("readout_error", 1, ".2g"),
    "measure µs": _median("measurement_duration", 1e6, ".2f"),
    "if_else": lambda plain: "yes" if plain["dynamic"] else "no",
    "date": lambda plain: (plain["date"] or "-")[:10],
    "status": lambda plain: str(plain["status"]),
}


def _table(listed: Sequence[dict[str, Any]]) -> str:
    rows = [list(_COLUMNS), *([text(each) for text in _COLUMNS.values()] for each in listed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = ["<" if k in (0, 2, 8, 9, 10) else ">" for k in range(len(widths))]
    return "\n".join(
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _page(plain: dict[str, Any]) -> str:
    """Return what there is to know of one device."""
    from qnet_circuits.devices.fleet import UNKNOWN

    lines = [
        f"{plain['name']}: {plain['qubits']} qubits, {plain['couplings']} couplings"
        + (f", {plain['family']}" if plain["family"] else ""),
        f"calibrated: {plain['date'] or 'unknown'}",
        f"from: {plain['source'] or 'unknown'}"
        + ("" if plain["status"] == UNKNOWN else f" ({plain['status']})"),
        f"operations: {' '.join(plain['operations'])}",
        f"real-time decisions: {'yes' if plain['dynamic'] else 'no (no if_else)'}",
        *_figures(plain),
        "gaps: " + (_gaps(plain["gaps"]) or "none"),
        *(f"note: {note}" for note in plain["notes"]),
    ]
    return "\n".join(lines)


def _figures(plain: dict[str, Any]) -> Iterator[str]:
    for key, (words, scale, unit) in _QUANTITIES.items():
        median, worst = plain["medians"][key], plain["worst"][key]
        if median is None:
            yield f"{words}: not given"
            continue
        where = ", ".join(map(str, worst["qubits"]))
        yield (
            f"{words}: median {median * scale:.3g}{unit}, worst {worst['value'] * scale:.3g}{unit} on {where}"
        )


def _gaps(gaps: dict[str, int]) -> str:
    return ", ".join(f"{count} {key.replace('_', ' ')}" for key, count in gaps.items() if count)
