"""``qnet devices``: the stand-in devices, or the calibration of one device."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from qnet_circuits.cli.files import check_new
from qnet_circuits.cli.options import json_option
from qnet_circuits.cli.output import show
from qnet_circuits.errors import ParameterError
from qnet_circuits.runs.results.tables import Row, table

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
@click.option(
    "--values",
    type=click.Path(),
    metavar="FILE|DIR",
    help="Replace calibrated values by those of a CSV file with columns place,quantity,value, or of a link benchmark's run.",
)
@click.option("--save", type=click.Path(), metavar="FILE", help="Write the device's snapshot to FILE.json.")
@json_option
def devices(name: str | None, values: str | None, save: str | None, as_json: bool) -> None:
    """List the stand-in devices, or show one.

    NAME is a stand-in device, or the path of a snapshot.
    """
    if name is None:
        if values is not None or save is not None:
            raise ParameterError(
                "--values and --save need one device; name it: qnet devices NAME --values FILE.csv --save FILE.json"
            )
        listed = _listed()
        show({"schema": 1, "devices": listed} if as_json else table([_row(each) for each in listed]))
        return
    from qnet_circuits.backends.registry import device_of

    if save is not None:
        check_new("--save", save)
    device = device_of(name)
    if values is not None:
        device = _with_values(device, values)
    if save is not None:
        device.calibration.save(save)
    plain = {**_described(device), "notes": list(device.notes)}
    saved = {} if save is None else {"saved": save}
    lines = [*_page(plain), *(f"{word}: {file}" for word, file in saved.items())]
    show({"schema": 1, "device": plain, **saved} if as_json else "\n".join(lines))


def _with_values(device: Any, path: str) -> Any:
    """Return a device whose calibration has some values replaced by those of a file or of a link benchmark's run."""
    from qnet_circuits.devices.device import Device
    from qnet_circuits.runs.measured_values import measured_values

    values = measured_values(path, device) if os.path.isdir(path) else path
    return Device.from_calibration(device.calibration.with_values(values, path), device.notes)


def _described(device: Any) -> dict[str, Any]:
    from qnet_circuits.devices.fleet import status

    return {**device.calibration.summary(), "status": status(device.calibration.source)}


def _listed() -> list[dict[str, Any]]:
    """Return all stand-ins: those in service first, and larger ones before smaller ones."""
    from qnet_circuits.backends.ibm.stand_ins import fake_device, fake_device_names
    from qnet_circuits.devices.fleet import FAMILY, IN_SERVICE, RETIRED

    order = (IN_SERVICE, FAMILY, RETIRED)
    # Reading them all takes some seconds: a bar is on stderr where someone looks.
    with click.progressbar(
        fake_device_names(), label="reading calibrations", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as names:
        found = [_described(fake_device(name)) for name in names]
    return sorted(found, key=lambda each: (order.index(each["status"]), -each["qubits"], each["name"]))


#: The medians in the list: their heads, and how their numbers are written.
_MEDIANS = {
    "T1 µs": ("t1", ".0f"),
    "T2 µs": ("t2", ".0f"),
    "two-qubit": ("two_qubit_error", ".2g"),
    "readout": ("readout_error", ".2g"),
    "measure µs": ("measurement_duration", ".2f"),
}


def _row(plain: dict[str, Any]) -> Row:
    """Return a device's line in the list, with numbers aligned at the right."""
    return {
        "device": plain["name"],
        "qubits": str(plain["qubits"]).rjust(len("qubits")),
        "family": plain["family"] or "-",
        **{head: _median(plain, *of).rjust(len(head)) for head, of in _MEDIANS.items()},
        "if_else": "yes" if plain["dynamic"] else "no",
        "date": (plain["date"] or "-")[:10],
        "status": plain["status"],
    }


def _median(plain: dict[str, Any], quantity: str, form: str) -> str:
    value, (_, scale, _) = plain["medians"][quantity], _QUANTITIES[quantity]
    return "-" if value is None else format(value * scale, form)


def _page(plain: dict[str, Any]) -> list[str]:
    """Return the lines on one device."""
    from qnet_circuits.devices.fleet import UNKNOWN

    gaps = [f"{count} {key.replace('_', ' ')}" for key, count in plain["gaps"].items() if count]
    return [
        f"{plain['name']}: {plain['qubits']} qubits, {plain['couplings']} couplings"
        + (f", {plain['family']}" if plain["family"] else ""),
        f"calibrated: {plain['date'] or 'unknown'}",
        f"from: {plain['source'] or 'unknown'}"
        + ("" if plain["status"] == UNKNOWN else f" ({plain['status']})"),
        f"operations: {' '.join(plain['operations'])}",
        f"real-time decisions: {'yes' if plain['dynamic'] else 'no (no if_else)'}",
        *_figures(plain),
        f"gaps: {', '.join(gaps) or 'none'}",
        *(f"note: {note}" for note in plain["notes"]),
    ]


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
