"""The verbs: run, submit, predict, compile; and open_run and replay, for what was run on any day."""

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
    """Prepare a run: make the program, compile it, check it, write it down; ``wait`` or ``result`` runs it.

    On a processor (``ibm:``) the job is submitted too, once everything is on disk.

    Args:
        protocol: What to run: a protocol, a program, or a ``QuantumCircuit``, or several by name, with figures.
        backend: Where: ``ideal``, ``aer``, ``aer:<device>``, ``aer:<snapshot.json>``, ``exact`` and ``exact:<device>`` (figures
            without sampling), ``ibm:<processor>``, ``local:<device>`` (IBM's offline mode), a ``DeviceCalibration``, a Backend,
            a Qiskit ``BackendV2`` or ``BaseSamplerV2``.
        figures: What is computed of the bits of a plain circuit, which figures call ``circuit``; of nothing else.
        path: A directory, new or empty, that keeps the run; needed on a processor.
        dry_run: Do everything but write and submit.
        **options: What the run is asked for:

    Returns:
        The run, in state PREPARED; on a processor QUEUED, or as far as its job is. Of a dry run, what was found: a
        ``Prepared``, which cannot start.

    Raises:
        ParameterError, UnsupportedError, LayoutError, RecordError: See each option; nothing has run then.
        BackendError: If a job could not be submitted; the directory says how far it came, and opening it goes on.
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
    """Return a prepared run; whatever costs processor time needs a budget, and a directory."""
    where = backend_of(backend)
    if where.capabilities.remote and options.max_qpu_seconds is None:
        raise ParameterError(
            f"{where.name} costs processor time; say max_qpu_seconds (--max-qpu-seconds), the most that it may take"
        )
    if where.capabilities.remote and not kept:
        raise ParameterError(
            f"a run on {where.name} is kept in a directory, so that nothing is lost; say path (--out DIR)"
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
        figures: What is computed of the bits of a plain circuit, which figures call ``circuit``; of nothing else.
        path: A directory, new or empty, that keeps the run; needed on a processor.
        level: Confidence level of the intervals, in [0.5, 1).
        progress: Called with the shots done and the shots in all; True prints to stderr, False nothing; by default stderr is
            told if it is a terminal and it takes more than two seconds.
        **options: What the run is asked for:

    Returns:
        The result.

    Raises:
        QnetError: What ``submit`` raises, before anything runs; BackendError if the backend fails.
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
    """Return the figures of a protocol, a program or a circuit without sampling, exactly for the stated model of noise.

    The compiled circuit with all its noise is contracted as a tensor network of Pauli expectations, amplitude damping,
    readout in both directions, mid-circuit measurements and corrections included.

    Args:
        protocol: What to compute, as for ``submit``.
        device: A stand-in device's name, with or without ``aer:``; a snapshot's path; a calibration, a ``Device``, a Qiskit
            ``BackendV2`` or a Backend; None for no device, where only the links' own errors happen.
        figures: What is computed of the bits of a plain circuit, which figures call ``circuit``; of nothing else.
        path: A directory, new or empty, that keeps the run.
        memory: The most bytes that a contraction may take. Default 2 GiB.
        **options: What is asked for:

    Returns:
        The result; ``low == high`` for every figure, and the method is ``exact``.

    Raises:
        UnsupportedError: If a figure cannot be computed exactly, or not in the memory given; the message names the way out.
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
        figures: Those of a plain circuit, if ``analyze`` shall compute any.
        **options: What is asked for. With ``mitigate`` the last two circuits measure the readout of the qubits:

    Returns:
        The circuits, with ``verify``, ``export``, and ``analyze`` and ``keep`` for outcomes from elsewhere.

    Raises:
        ParameterError, UnsupportedError, LayoutError: See each option.
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
    """Open a run's directory: of any day, moved anywhere, offline. One that was analysed is left as it is.

    Args:
        path: The directory.
        protocol: A protocol whose figures are to be computed of the stored outcomes, instead of the stored ones; or a
            program, or plain circuits.
        backend: The run's backend, if it is at hand, such as a connection that is open. Default: looked up by its name, if it
            is needed.
        figures: The figures of plain circuits.

    Raises:
        RecordError: If the directory is missing, torn, foreign or too new.
        ProgramError: If the protocol's figures cannot be computed of the stored outcomes.
        ParameterError: If the backend is another one than the run's.

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
