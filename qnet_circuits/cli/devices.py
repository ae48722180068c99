"""``qnet devices``: the stand-in devices and their calibration, and one device at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from qnet_circuits.cli.options import json_option
from qnet_circuits.cli.output import show
from qnet_circuits.errors import ParameterError

_HEADER = (
    "device",
    "qubits",
    "family",
    "T1 µs",
    "T2 µs",
    "two-qubit",
    "readout",
    "measure µs",
    "if_else",
    "date",
)
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


def _table(listed: Sequence[dict[str, Any]]) -> str:
    rows = [(*_HEADER, "status"), *(_row(each) for each in listed)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    left = (0, 2, 8, 9, 10)
    return "\n".join(
        "  ".join(
            cell.ljust(widths[k]) if k in left else cell.rjust(widths[k]) for k, cell in enumerate(row)
        ).rstrip()
        for row in rows
    )


def _row(plain: dict[str, Any]) -> tuple[str, ...]:
    medians = plain["medians"]
    return (
        plain["name"],
        str(plain["qubits"]),
        plain["family"] or "-",
        _scaled(medians["t1"], 1e6, "3.0f"),
        _scaled(medians["t2"], 1e6, "3.0f"),
        _scaled(medians["two_qubit_error"], 1, ".2g"),
        _scaled(medians["readout_error"], 1, ".2g"),
        _scaled(medians["measurement_duration"], 1e6, ".2f"),
        "yes" if plain["dynamic"] else "no",
        (plain["date"] or "-")[:10],
        plain["status"],
    )


def _scaled(value: float | None, scale: float, form: str) -> str:
    return "-" if value is None else format(value * scale, form)


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
