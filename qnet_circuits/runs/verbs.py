"""The verbs run, submit, predict and compile, and open_run and replay for stored runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from typing import Any, Literal, overload

from qnet_circuits.backends.registry import backend_of, exact_of
from qnet_circuits.backends.simulation.contraction import DEFAULT_MEMORY
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.merging import together
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Runnable, protocol_for
from qnet_circuits.runs.elsewhere import run_of_outcomes
from qnet_circuits.runs.kept import Kept
from qnet_circuits.runs.options import Report, RunOptions, check_arguments, takes_options
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.run import Run
from qnet_circuits.runs.source import Source
from qnet_circuits.theory.estimate import check_level

Path = str | os.PathLike[str] | None
Figures = Iterable[Figure] | None


@overload
def submit(
    protocol: Runnable,
    backend: Any = ...,
    *,
    figures: Figures = ...,
    path: Path = ...,
    dry_run: Literal[False] = ...,
    **options: Any,
) -> Run: ...
@overload
def submit(
    protocol: Runnable,
    backend: Any = ...,
    *,
    figures: Figures = ...,
    path: Path = ...,
    dry_run: Literal[True],
    **options: Any,
) -> Prepared: ...
@takes_options
def submit(
    protocol: Runnable,
    backend: Any = "ideal",
    *,
    figures: Figures = None,
    path: Path = None,
    dry_run: bool = False,
    **options: Any,
) -> Run | Prepared:
    """Prepare a run: make its program, compile it, check it and record it. ``wait`` or ``result`` then runs it.

    On a processor (``ibm:``), ``submit`` also submits the jobs, once everything is on disk.

    Args:
        protocol: What to run: a protocol, a program, or a ``QuantumCircuit``, or several by name, with figures.
        backend: Where: ``ideal``, ``aer``, ``aer:<device>``, ``aer:<snapshot.json>``, ``exact`` and ``exact:<device>`` (figures
            without sampling), ``ibm:<processor>``, ``local:<device>`` (IBM's offline mode), a ``DeviceCalibration``, a Backend,
            a Qiskit ``BackendV2`` or ``BaseSamplerV2``.
        figures: The figures of plain circuits, in which a single circuit has the name ``circuit``; refused for all else.
        path: A directory, new or empty, that keeps the run; needed on a processor.
        dry_run: Whether to stop before anything is written or submitted. Default False.
        **options: Options of the run:

    Returns:
        The run, with status PREPARED; on a processor QUEUED, or the current status of its jobs. A dry run returns a
        ``Prepared``, which cannot start.

    Raises:
        ParameterError, UnsupportedError, LayoutError, RecordError: If an argument is invalid, or does not fit the backend;
            nothing has run.
        BackendError: If a job could not be submitted. The directory records how far the run came; ``open_run`` continues it.
        TypeError: If there is no such option.

    Example:
        >>> import qnet_circuits as qn
        >>> run = qn.submit(qn.Teleportation(), "aer:fake_manila", shots=100, seed=1)
        >>> run.status, run.result().fidelity.n, run.status
        ('PREPARED', 600, 'COLLECTED')
    """
    check_arguments(path=path, dry_run=dry_run)
    chosen = RunOptions.of("submit", options)
    prepared = _prepared(protocol, backend, chosen, figures, kept=path is not None or dry_run)
    if not dry_run:
        return Run.of(prepared, path).start()
    _ = prepared.plan, prepared.predicted
    return prepared


def _prepared(
    protocol: Runnable, backend: Any, options: RunOptions, figures: Figures, kept: bool, shared: bool = False
) -> Prepared:
    """Return a prepared run. A run that costs processor time needs a budget and a directory."""
    where = backend_of(backend)
    if where.capabilities.remote and options.max_qpu_seconds is None:
        raise ParameterError(
            f"{where.name} costs processor time; set max_qpu_seconds (--max-qpu-seconds), the most seconds that the run may "
            "take"
        )
    if where.capabilities.remote and not kept:
        raise ParameterError(
            f"a run on {where.name} must be kept in a directory, so that nothing is lost; give path (--out DIR)"
        )
    return prepare(protocol, where, options, figures, shared=shared)


@takes_options
def run(
    protocol: Runnable,
    backend: Any = "ideal",
    *,
    figures: Figures = None,
    path: Path = None,
    level: float = 0.95,
    progress: Report = None,
    **options: Any,
) -> Result:
    """Run a protocol, a program or a circuit, and return its figures.

    Args:
        protocol: What to run, as for ``submit``.
        backend: Where to run it, as for ``submit``.
        figures: The figures of plain circuits, in which a single circuit has the name ``circuit``; refused for all else.
        path: A directory, new or empty, that keeps the run; needed on a processor.
        level: Confidence level of the intervals, in [0.5, 1).
        progress: Called with the shots done and the shots in all; True prints to stderr, False nothing; by default stderr is
            told if it is a terminal and it takes more than two seconds.
        **options: Options of the run:

    Returns:
        The result.

    Raises:
        QnetError: If ``submit`` would raise it, before anything runs; BackendError if the backend fails.
        TypeError: If there is no such option.

    Example:
        >>> import qnet_circuits as qn
        >>> result = qn.run(qn.RepeaterChain(hops=2, link_fidelity=0.95), shots=2000, seed=7)
        >>> result.theory["fidelity"] in result.fidelity
        True
    """
    check_level(level)
    check_arguments(path=path)
    chosen = RunOptions.of("run", options)
    prepared = _prepared(protocol, backend, chosen, figures, kept=path is not None, shared=True)
    return Run.of(prepared, path).start().result(level, progress, outcomes=False)


@takes_options
def predict(
    protocol: Runnable,
    device: Any = None,
    *,
    figures: Figures = None,
    path: Path = None,
    memory: float = DEFAULT_MEMORY,
    **options: Any,
) -> Result:
    """Compute the figures of a protocol, a program or a circuit exactly for the stated noise model, without sampling.

    The compiled noisy circuit is contracted as a tensor network of Pauli expectation values. The network includes amplitude
    damping, readout errors in both directions, mid-circuit measurements and corrections.

    Args:
        protocol: The protocol, program or circuits, as for ``submit``.
        device: The name of a stand-in device, with or without ``aer:``; the path of a snapshot; a calibration, a ``Device``, a
            Qiskit ``BackendV2`` or a Backend. None (the default) is no device: then only links have errors.
        figures: The figures of plain circuits, in which a single circuit has the name ``circuit``; refused for all else.
        path: A directory, new or empty, that keeps the run.
        memory: The most bytes that a contraction may take. Default 2 GiB.
        **options: Options:

    Returns:
        The result; ``low == high`` for every figure, and the method is ``exact``. The length of a key is ``expected``.

    Raises:
        UnsupportedError: If a figure cannot be computed exactly, or not within ``memory``; the message names an alternative.
        TypeError: If there is no such option.

    Example:
        >>> import qnet_circuits as qn
        >>> fidelity = qn.predict(qn.RepeaterChain(hops=2, link_fidelity=0.9)).fidelity
        >>> round(fidelity.value, 5), fidelity.low == fidelity.high
        (0.81333, True)
    """
    check_arguments(path=path, memory=memory)
    chosen = RunOptions.of("predict", options)
    prepared = _prepared(protocol, exact_of(device, memory), chosen, figures, kept=True, shared=True)
    return Run.of(prepared, path).start().result()


@takes_options
def compile(
    protocol: Runnable, backend: Any = "ideal", *, figures: Figures = None, **options: Any
) -> Compiled:
    """Compile a protocol, a program or a circuit for a backend, without running it.

    Args:
        protocol: What to compile, as for ``submit``.
        backend: A backend, or the name of a stand-in device.
        figures: Figures of plain circuits that ``analyze`` computes, if any.
        **options: Options; with ``mitigate`` the last two circuits measure the readout errors of the qubits:

    Returns:
        The circuits, with methods ``verify`` and ``export``, and ``analyze`` and ``keep`` for outcomes measured elsewhere.

    Raises:
        ParameterError, UnsupportedError, LayoutError: If an argument is invalid, or does not fit the backend.
        TypeError: If there is no such option.

    Example:
        >>> import qnet_circuits as qn
        >>> qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila").verify() > 0
        True
    """
    chosen = RunOptions.of("compile", options)
    prepared = prepare(protocol, backend, chosen, figures, figures_needed=False)
    return together(prepared.compiled).analyzed_by(partial(run_of_outcomes, prepared))


def open_run(
    path: str | os.PathLike[str],
    protocol: Runnable | None = None,
    backend: Any = None,
    *,
    figures: Figures = None,
) -> Run:
    """Open the directory of a run. It may be old, or moved, and no network is needed. An analysed run is not changed.

    Args:
        path: The directory.
        protocol: A protocol, program or plain circuits whose figures are computed from the stored outcomes. Default: the
            stored figures.
        backend: The run's backend, for example an open connection. Default: the backend of the stored name, if one is needed.
        figures: The figures of plain circuits.

    Raises:
        RecordError: If the directory is missing, damaged, not that of a run, or of a newer version.
        ProgramError: If the protocol's figures cannot be computed from the stored outcomes.
        ParameterError: If the backend is not the run's.

    Example:
        >>> import tempfile, qnet_circuits as qn
        >>> with tempfile.TemporaryDirectory() as path:
        ...     run = qn.submit(qn.Teleportation(), path=path, shots=100, seed=1)
        ...     print(qn.open_run(path).result().figures == run.result().figures)
        True
    """
    kept = Kept.read(path)
    given = None if protocol is None and figures is None else protocol_for(protocol, figures)
    return Run(kept, Source(kept, given, backend))


def replay(path: str | os.PathLike[str], level: float = 0.95) -> Result:
    """Analyse the stored outcomes of a run again, without running or writing anything.

    Raises:
        RecordError: If there are no outcomes, or the directory cannot be read.

    Example:
        >>> import tempfile, qnet_circuits as qn
        >>> with tempfile.TemporaryDirectory() as path:
        ...     first = qn.run(qn.Teleportation(link_fidelity=0.9), path=path, shots=100, seed=1)
        ...     print(qn.replay(path, level=0.5).fidelity.value == first.fidelity.value)
        True
    """
    kept = Kept.read(path, reads_only=True)
    kept.check_collected()
    return Run(kept, Source(kept)).result(level)
