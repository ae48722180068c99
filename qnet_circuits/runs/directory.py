"""The directory of a run: writing and reading its files. Nothing is pickled, and outcomes are never overwritten."""

from __future__ import annotations

import io
import json
import os
import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.backends.base import Raw, Shapes
from qnet_circuits.compiling.qpy_files import as_qpy, of_qpy
from qnet_circuits.devices.files import finite, parsed, read_file
from qnet_circuits.errors import RecordError
from qnet_circuits.runs.holding import Holding

SCHEMA = 1
STATES = (
    "PREPARED", "SUBMITTING", "QUEUED", "RUNNING", "DONE", "COLLECTED", "FAILED", "CANCELLED", "LOST",
)  # fmt: skip
#: Where a run has come to its end, for good or ill.
SETTLED = ("COLLECTED", "CANCELLED", "FAILED", "LOST")
#: How the temporary files end by way of which others are written, and after how many seconds one is nobody's any more.
_TEMPORARY = ".being-written"
_ABANDONED = 3600.0
#: A run's secret bytes.
SECRET_FILE = "secret.bin"


@dataclass(frozen=True)
class Record:
    """The directory of one run.

    Args:
        path: The path of the directory.
        private: Whether only the owner may read its files. Default: as for the manifest, or else by the umask.
    """

    path: Path
    private: bool = False

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        manifest: dict[str, Any],
        note: Callable[[Path], None] | None = None,
        private: bool = False,
    ) -> Record:
        """Make the directory and its manifest.

        Args:
            path: The directory.
            manifest: The content of the manifest.
            note: A function that is called with the directory before the manifest is written.
            private: Whether only the owner may read its files, because secrets follow from them.

        Raises:
            RecordError: If the directory is not empty, or the manifest has values that are not plain.
        """
        record = cls(Path(path), private)
        try:
            content = json.dumps({"schema": SCHEMA, **manifest}, indent=1, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise RecordError(
                f"the run cannot be written to {record.path}: {error}; make the protocol's fields plain values (finite "
                "numbers, text, lists, mappings), or leave path out"
            ) from None
        try:
            record.path.mkdir(parents=True, exist_ok=True)
            # A process that died while it wrote its manifest left nothing else, and nothing that is worth keeping.
            occupied = set(record.path.iterdir()) - set(record.path.glob(f".manifest.json.*{_TEMPORARY}"))
        except OSError as error:
            raise RecordError(f"cannot make a run directory at {record.path}: {error.strerror}") from None
        if note is not None and not occupied:
            note(record.path)
        # Of several processes that find the directory empty at once, one makes the manifest, and with it has the directory.
        if occupied or not record._write("manifest.json", content, once=True):
            raise RecordError(record._taken())
        return record

    def _taken(self) -> str:
        """Return the reason why the directory cannot hold a new run, and the way out."""
        with suppress(RecordError):
            if self.manifest()["status"] not in SETTLED:
                return (
                    f"{self.path} holds an unfinished run; continue it with qnet fetch {shlex.quote(str(self.path))}, "
                    "or choose another directory for another run; nothing is overwritten"
                )
        return f"{self.path} exists and is not empty; choose another directory, since nothing is overwritten"

    def manifest(self) -> dict[str, Any]:
        """Return the manifest.

        Raises:
            RecordError: If it is missing, damaged, not the manifest of a run, or of a newer schema.
        """
        plain = self.read_json("manifest.json")
        if not isinstance(plain, dict) or "schema" not in plain or "run_id" not in plain:
            raise RecordError(f"{self.path}/manifest.json is not the manifest of a run")
        if plain["schema"] != SCHEMA:
            raise RecordError(
                f"{self.path} has schema {plain['schema']}, but this version reads {SCHEMA}; install a newer qnet-circuits"
            )
        if plain.get("status") not in STATES:
            raise RecordError(f"{self.path}/manifest.json has the unknown status {plain.get('status')!r}")
        if "jobs" not in plain:
            plain["jobs"] = [self._only_job(plain.get("items"))]
        return plain

    def _only_job(self, items: Any) -> dict[str, Any]:
        """Return the job of a run whose manifest lists none: one job with all its circuits."""
        try:
            kept = [item["shots"] for item in items]
            return {"block": 0, "circuits": list(range(len(items))), "kept": kept}
        except (KeyError, TypeError) as error:
            raise RecordError(
                f"{self.path}/manifest.json is damaged: {type(error).__name__} at items"
            ) from None

    @contextmanager
    def held(self, timeout: float | None = None) -> Iterator[Holding]:
        """Lock the directory: one process at a time works on it, and the others wait or only read.

        Args:
            timeout: Seconds to wait for another process. Default: no limit.

        Raises:
            HeldError: If another process still holds the directory after this time.
        """
        holding = Holding(self.path)
        with holding.take(timeout):
            self._sweep()
            yield holding

    def _sweep(self) -> None:
        """Remove the temporary files of processes that died while writing."""
        for file in self.path.glob(f".*{_TEMPORARY}"):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _ABANDONED:
                    file.unlink()

    def secret(self, size: int = 32) -> bytes:
        """Return the run's secret bytes, drawn from the operating system and kept in a file that only its owner may read.

        Processes that ask at the same time all get the bytes of the first.

        Raises:
            RecordError: If the bytes cannot be written, or the file is damaged.
        """
        if not self.has(SECRET_FILE):
            self._write(SECRET_FILE, secrets.token_bytes(size), once=True)
        kept = self._read(SECRET_FILE)
        # A crash may leave a file of the right length in which nothing was written.
        if len(kept) != size or not any(kept):
            raise RecordError(f"{self.path}/{SECRET_FILE} is damaged: it must hold {size} random bytes")
        return kept

    def write_json(self, name: str, plain: Any) -> None:
        """Write a file of plain values; numbers that are not finite become null."""
        self._write(name, json.dumps(finite(plain), indent=1).encode())

    def has(self, name: str) -> bool:
        """Return whether a file exists."""
        return (self.path / name).is_file()

    def write_circuits(self, name: str, circuits: Sequence[QuantumCircuit]) -> None:
        """Write circuits as QPY."""
        self._write(name, as_qpy(circuits))

    def read_circuits(self, name: str) -> list[QuantumCircuit]:
        """Return the circuits of a QPY file, or raise RecordError."""
        content = self._read(name)
        try:
            return of_qpy(content)
        except Exception as error:  # What a damaged file raises depends on the byte.
            raise RecordError(f"{self.path}/{name} is torn or unreadable: {error}") from None

    def write_outcomes(self, names: Sequence[str], raws: Sequence[Raw]) -> None:
        """Write raw outcomes, once: packed bits by circuit and register.

        Raises:
            RecordError: If there are outcomes already.
        """
        if self.has("outcomes.npz"):
            raise RecordError(f"{self.path} has outcomes already, and they are never replaced")
        arrays: dict[str, Any] = {}
        for k, raw in enumerate(raws):
            for register, bits in raw.items():
                arrays[f"{k}/{register}"] = np.packbits(bits, axis=None)
                arrays[f"{k}/{register}/shape"] = np.array(bits.shape)
        self.write_arrays("outcomes.npz", arrays)

    def write_arrays(self, name: str, arrays: dict[str, Any]) -> None:
        """Write a file of arrays by name."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        self._write(name, buffer.getvalue())

    def read_arrays(self, name: str) -> Any:
        """Return the open archive of a file of arrays. A damaged file may raise various errors, now or when it is read."""
        return np.load(io.BytesIO(read_file(self.path / name, most=None)), allow_pickle=False)

    def read_outcomes(self, shapes: Sequence[Shapes]) -> list[Raw]:
        """Return raw outcomes of these shapes, or raise RecordError if they are missing or have other shapes."""
        if not self.has("outcomes.npz"):
            raise RecordError(f"{self.path} has no outcomes yet; open the run and ask for its result")
        try:
            with self.read_arrays("outcomes.npz") as stored:
                return [self._unpack(stored, k, shape) for k, shape in enumerate(shapes)]
        except Exception as error:  # zlib.error, NotImplementedError and others
            raise RecordError(
                f"{self.path}/outcomes.npz is torn or does not fit the program: {type(error).__name__}"
            ) from None

    @staticmethod
    def _unpack(stored: Any, k: int, shapes: Shapes) -> Raw:
        raw: Raw = {}
        for register, (shots, width) in shapes.items():
            if tuple(stored[f"{k}/{register}/shape"]) != (shots, width):
                raise ValueError("shape")
            packed = stored[f"{k}/{register}"]
            if packed.size != -(-shots * width // 8):  # unpacked, too few would be filled up with zeros
                raise ValueError("size")
            bits = np.unpackbits(packed, count=shots * width)
            raw[register] = bits.reshape(shots, width).astype(bool)
        return raw

    def read_json(self, name: str) -> Any:
        """Return a file of plain values, or raise RecordError."""
        try:
            return parsed(self._read(name))
        except (ValueError, RecursionError) as error:
            raise RecordError(f"{self.path}/{name} is torn or unreadable: {error}") from None

    def _read(self, name: str) -> bytes:
        try:
            return read_file(self.path / name)
        except FileNotFoundError:
            raise RecordError(f"{self.path} is not the directory of a run: it has no {name}") from None
        except OSError as error:
            raise RecordError(f"{self.path}/{name} is torn or unreadable: {error.strerror}") from None

    def _write(self, name: str, content: bytes, once: bool = False) -> bool:
        """Write a file atomically: write a temporary file, flush it to the disk, then rename it.

        With ``once`` an existing file is kept, and False is returned.
        """
        temporary = self.path / f".{name}.{secrets.token_hex(8)}{_TEMPORARY}"
        mode = 0o600 if name == SECRET_FILE or self._owners_alone else 0o666
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except OSError as error:
            raise RecordError(
                f"cannot write in {self.path}: {error.strerror}; the files of an unfinished run are updated, so make the "
                "directory writable"
            ) from None
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            (_claim if once else os.replace)(temporary, self.path / name)
        except FileExistsError:
            return False
        except OSError as error:
            raise RecordError(f"cannot write {self.path / name}: {error.strerror}") from None
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def folder(self, name: str) -> Record:
        """Return a folder in the directory, which need not exist yet, with files as private as the directory's."""
        return Record(self.path / name, self._owners_alone)

    @property
    def _owners_alone(self) -> bool:
        if self.private:
            return True
        with suppress(OSError):
            return not (self.path / "manifest.json").stat().st_mode & 0o077
        return False


def _claim(temporary: Path, target: Path) -> None:
    """Give a file an unused name, or raise FileExistsError. If several processes try, one succeeds."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # Not every file system knows links.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.replace(temporary, target)
