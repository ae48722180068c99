"""Networks that commands read, and plots and keys that they write. Unusable files are refused before anything runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from qnet_circuits.devices.files import read_file
from qnet_circuits.errors import ParameterError, RecordError
from qnet_circuits.secrecy import write_secret

#: A network of a thousand nodes takes a hundredth of it.
_MOST_BYTES = 2**24


def network_in(given: str) -> dict[str, Any]:
    """Return the plain form of a network from a file, or from the JSON text itself."""
    from qnet_circuits.programs.network import Network

    if given.lstrip().startswith("{"):
        return Network.from_json(given).to_dict()
    try:
        text = read_file(given, _MOST_BYTES).decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise ParameterError(
            f"--set network: {given!r} cannot be read: {reason}; give a file of Network.to_json, or its JSON"
        ) from None
    try:
        return Network.from_json(text).to_dict()
    except ParameterError as error:
        raise ParameterError(f"--set network: {given}: {error}") from None


def check_picture(_: Any, __: Any, file: str | None) -> str | None:
    """Refuse a plot file that cannot be saved, before anything runs; for use as an option's callback."""
    if file is None:
        return None
    known = (".png", ".pdf", ".svg", ".jpg")
    if Path(file).suffix.lower() not in known:
        raise ParameterError(f"--plot needs a file name that ends in {', '.join(known)}, got {file!r}")
    _check_writable("--plot", file)
    return file


def save_picture(drawn: Any, file: str | None) -> None:
    """Save the plot of an object with a ``plot`` method."""
    if file is None:
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from qnet_circuits.plotting.saving import save_plot

    figure = drawn.plot().figure
    try:
        save_plot(figure, file)
    except OSError as error:
        raise RecordError(f"--plot cannot write {file}: {error.strerror}") from None
    finally:
        pyplot.close(figure)


def check_page(_: Any, __: Any, file: str | None) -> str | None:
    """Refuse a page file that cannot be saved, before anything runs; for use as an option's callback."""
    if file is None:
        return None
    if Path(file).suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"--html needs a file name that ends in .html, got {file!r}")
    _check_writable("--html", file)
    return file


def save_page(page: str, file: str) -> None:
    """Write a page to a file."""
    try:
        Path(file).write_text(page, encoding="utf-8")
    except OSError as error:
        raise RecordError(f"--html cannot write {file}: {error.strerror}") from None


def check_key_file(file: str | None, protocol: Any = None, seeded: bool = False) -> None:
    """Refuse a key file before anything runs, if it cannot be written, the protocol makes no key, or a seed is given."""
    if file is None:
        return
    if protocol is not None and not protocol.secret_outcomes:
        raise ParameterError(f"--key-out: {protocol.name} makes no key; leave it out")
    if not file:
        raise ParameterError("--key-out needs the name of a new file, got ''")
    if seeded:
        raise ParameterError(
            "--key-out: the run has a given seed, and everybody who knows the seed knows the key; run without --seed"
        )
    check_new("--key-out", file)
    _check_writable("--key-out", file)


def check_new(option: str, file: str) -> None:
    """Refuse an existing file: the command line overwrites no key and no snapshot."""
    if os.path.lexists(file):
        raise RecordError(f"{option}: {file} exists, and nothing is overwritten; choose another file")


def _check_writable(option: str, file: str) -> None:
    """Refuse a file that cannot be written. Files that are made for this check are removed again."""
    target = os.path.realpath(file)
    there = os.path.exists(target)
    try:
        os.close(os.open(target, os.O_WRONLY | (os.O_NONBLOCK if there else os.O_CREAT | os.O_EXCL)))
        if not there:
            os.unlink(target)
    except OSError as error:
        raise RecordError(f"{option} cannot write {file}: {error.strerror}; choose another file") from None


def save_key(result: Any, file: str | None) -> None:
    """Write the key of a result, or its random bits, if there are any, to a new file that only its owner may read."""
    if file is None:
        return
    name = next((name for name in ("secret_key", "random_bits") if name in result.secrets), None)
    if name is None:
        run = f"{result.provenance['protocol']} on {result.provenance['backend']}"
        raise ParameterError(f"--key-out: {run} makes no key; leave it out")
    key = result.secrets[name]
    if key is None:
        return
    try:
        write_secret(file, key.whole_bytes())
    except OSError as error:
        raise RecordError(f"--key-out cannot write {file}: {error.strerror}") from None
