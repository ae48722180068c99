"""A sweep: many points on all cores or on many machines, each run once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.errors import ParameterError, RecordError, check_count
from qnet_circuits.programs.protocol import Protocol, called
from qnet_circuits.programs.registry import protocol_class
from qnet_circuits.runs.options import Report, RunOptions, check_arguments, takes_options
from qnet_circuits.runs.progress import reporting
from qnet_circuits.runs.sweeps.file import RowsFile, opened
from qnet_circuits.runs.sweeps.point import Point, code_of, named_backend, plain_options, plain_parameters
from qnet_circuits.runs.sweeps.rows import SweepRows
from qnet_circuits.runs.sweeps.varied import MOST_POINTS, combinations, options_asked
from qnet_circuits.runs.sweeps.work import Work, workers
from qnet_circuits.runs.sweeps.workers import Processes
from qnet_circuits.theory.estimate import check_level


def grid(protocol: type[Protocol] | str, **values: Any) -> tuple[Protocol, ...]:
    """Return a protocol with all combinations of some parameter values; the last parameter changes fastest.

    Args:
        protocol: The protocol's class, or its name.
        **values: For each parameter a list of values, or one value. If a single value is itself a list, put it in a list.

    Raises:
        ParameterError: If a value is out of range, a list is empty, or there are more than 100,000 combinations.

    Example:
        >>> import qnet_circuits as qn
        >>> [chain.parameters for chain in qn.grid(qn.RepeaterChain, hops=[1, 2], link_fidelity=0.9)]
        [{'hops': 1, 'link_fidelity': 0.9}, {'hops': 2, 'link_fidelity': 0.9}]
    """
    cls = protocol_class(protocol) if isinstance(protocol, str) else protocol
    if not (isinstance(cls, type) and issubclass(cls, Protocol)):
        raise ParameterError(f"a grid takes a protocol class or its name, got {protocol!r}")
    return tuple(cls.from_parameters(**chosen) for chosen in combinations(values))


@takes_options
def sweep(
    protocols: Protocol | Iterable[Protocol],
    backend: str | Sequence[str] = "ideal",
    *,
    path: str | os.PathLike[str],
    vary: Mapping[str, Any] | None = None,
    executor: Executor | int | None = None,
    level: float = 0.95,
    progress: Report = None,
    **options: Any,
) -> SweepRows:
    """Run each protocol on each backend, and keep each result as a row of one file. A repeated call runs only missing points.

    A row's id is the SHA-256 of everything that the row depends on: protocol, parameters, program, backend, calibration,
    noise, options, level, the sweep's seed and the schema. The seed of a point's run follows from its id, so ``run`` with a
    row's seed and options repeats the row.

    Args:
        protocols: A protocol, or several, such as those of a ``grid``. The processes that run points import the classes by
            name.
        backend: The name of a backend, or a list of names: ``ideal``; ``aer``, ``exact``, ``stim`` and ``auto``, alone or with
            a device, as in ``aer:fake_kingston`` or ``aer:snapshot.json``; ``local:<device>``. A processor is refused.
        path: The file of rows, one JSON object per line. It is made if it does not exist, and rows are only appended.
        vary: Options with several values: a mapping of names to lists of values. All combinations are run. A term of ``noise``
            or of ``options`` has a dotted name. For example ``{"corrections": ["frame", "feedforward"]}``, or
            ``{"noise.feedforward_latency": [0, 1e-6]}``. The other options have one value.
        executor: Any ``concurrent.futures.Executor``, such as that of a Dask client, or a number of processes on this machine,
            of which this process is one: with 1 all points run here. Default: a process for each core. If a point takes more
            than five seconds here, one more process runs the rest in place of this one. Started processes do not import the
            script that calls.
        level: Confidence level of the intervals, in [0.5, 1).
        progress: A function that is called with the finished points and all missing points. True prints progress to stderr,
            False prints nothing. Default: print if stderr is a terminal and the sweep takes more than two seconds.
        **options: Options of each run:

    Returns:
        The rows in the order of the points: by backend, then by protocol, then by the varied options.

    Raises:
        ParameterError, UnsupportedError: If a protocol, a backend or an option does not allow a sweep; nothing has run.
        RecordError: If the file is in use, is not a file of rows, cannot be written, or has rows of the same point with
            another version of its protocol or calibration.
        PointError: If points failed; the rows of all others are in the file.
        BackendError: If the executor failed; finished points are in the file.
        TypeError: If there is no such option.

    Example:
        >>> import tempfile, qnet_circuits as qn
        >>> chains = qn.grid(qn.RepeaterChain, hops=[1, 2], link_fidelity=[0.9, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     rows = qn.sweep(chains, "aer", path=f"{folder}/rows.jsonl", executor=1, shots=1000, seed=7)
        ...     again = qn.sweep(chains, "aer", path=f"{folder}/rows.jsonl", shots=1000, seed=7)
        >>> len(rows), rows == again
        (4, True)
    """
    check_level(level)
    check_arguments(path=path, vary=vary)
    if path is None:
        raise ParameterError("a sweep is kept in a file; give path, such as path='rows.jsonl'")
    asked = options_asked(options, vary)
    names = list(backend) if isinstance(backend, list | tuple) else [backend]
    backends = {str(name): named_backend(name) for name in names}
    here = isinstance(executor, ThreadPoolExecutor) or executor == 1
    points = _points(_protocols(protocols), backends, asked, level, here)
    with workers(executor, len(points)) as pool, opened(path) as file:
        if isinstance(pool, Processes) and len(file.rows) < len(points):
            # Some point is missing: processes start while ids are made.
            pool.start(backends)
        points = _identified(points, backends)
        _check_same(points, file)
        missing = [point for point in points if point.id not in file.rows]
        with reporting(progress, "points") as report:
            Work(pool, file, points, report).finish(missing)
        return SweepRows(tuple(file.rows[point.id] for point in points))


def _protocols(given: Protocol | Iterable[Protocol]) -> list[Protocol]:
    listed = [given] if isinstance(given, Protocol) else list(given) if isinstance(given, Iterable) else []
    if not listed or not all(isinstance(each, Protocol) for each in listed):
        raise ParameterError(
            f"a sweep takes protocols, such as qn.grid(qn.RepeaterChain, hops=[1, 2]), got {given!r}"
        )
    return listed


def _points(
    protocols: Sequence[Protocol],
    backends: Mapping[str, BaseBackend],
    asked: Sequence[RunOptions],
    level: float,
    here: bool,
) -> list[Point]:
    """Return the points, without their ids."""
    plain = [(code_of(each, here), called(each), plain_parameters(each)) for each in protocols]
    check_count("the number of points", len(plain) * len(backends) * len(asked), 1, MOST_POINTS)
    options = {
        name: [(plain_options(each, where.device), each.seed or 0) for each in asked]
        for name, where in backends.items()
    }
    return [
        Point(code, protocol, parameters, name, chosen, seed, level)
        for name in backends
        for code, protocol, parameters in plain
        for chosen, seed in options[name]
    ]


def _identified(points: Iterable[Point], backends: Mapping[str, BaseBackend]) -> list[Point]:
    """Return the distinct points with their ids."""
    found = [replace(point, id=point.id_here(backends[point.backend])) for point in points]
    return list({point.id: point for point in found}.values())


def _check_same(points: Iterable[Point], file: RowsFile) -> None:
    """Raise an error if the file has a row of the same point with another protocol or calibration."""

    def said(asked: Any) -> str:
        return json.dumps(asked, sort_keys=True)

    kept = {said(row["point"]): id_ for id_, row in file.rows.items()}
    for point in points:
        if point.id not in file.rows and said(point.asked) in kept:
            raise RecordError(
                f"{file.path} has a row of {point} whose circuits, or whose device's calibration, have changed since; "
                "give another path for the present sweep"
            )
