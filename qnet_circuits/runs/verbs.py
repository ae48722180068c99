"""The verbs: submit, run, predict, compile, and opening what was run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal, overload

from qnet_circuits.backends.base import Backend
from qnet_circuits.backends.collecting import collecting_later
from qnet_circuits.backends.device_names import device_label, device_of
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.backends.service.cost import check_budget
from qnet_circuits.backends.simulation.contraction import DEFAULT_MEMORY
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.readout_circuits import with_readout
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.journal import note_run
from qnet_circuits.runs.layouts import Layout, plain_layout
from qnet_circuits.runs.manifest import make_manifest, write_compiled
from qnet_circuits.runs.mitigation.stored import check_mitigable
from qnet_circuits.runs.options import check_options
from qnet_circuits.runs.planning import DEFAULT_SHOTS, counts_for, left_on, plan_jobs, share_budget, tag_jobs
from qnet_circuits.runs.predicted_layout import PREDICTED, ranked
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.preparing import (
    compile_for,
    needs_proof,
    on_device,
    predicted,
    prepare,
    program_of,
    proved,
)
from qnet_circuits.runs.progress import Report
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.run import Run

#: Said where nothing was proved before a submission, since the caller did not want it.
UNPROVED = "not verified (verify=False): nobody proved that compilation kept the parties apart"


@overload
def submit(
    protocol: Protocol, backend: Any = ..., *, dry_run: Literal[False] = ..., **options: Any
) -> Run: ...
@overload
def submit(protocol: Protocol, backend: Any = ..., *, dry_run: Literal[True], **options: Any) -> Prepared: ...
@collecting_later  # type: ignore[misc]  # Only the implementation names the other options.
def submit(
    protocol: Protocol,
    backend: Any = "ideal",
    *,
    shots: int | None = None,
    seed: int | None = None,
    corrections: str = "auto",
    optimization_level: int = 2,
    layout: Layout = None,
    carrier: str = "relabel",
    emulate_links: bool = False,
    noise: DeviceNoise | Mapping[str, Any] | None = None,
    decoupling: bool = False,
    repeats: int = 1,
    mitigate: bool = False,
    predict: bool | None = None,
    controls: bool = False,
    max_qpu_seconds: int | None = None,
    options: Mapping[str, Any] | None = None,
    path: str | os.PathLike[str] | None = None,
    verify: bool = True,
    dry_run: bool = False,
) -> Run | Prepared:
    """Prepare a run: make the program, compile it, check it, write it down; ``wait`` or ``result`` runs it.

    On a processor (``ibm:``) the job is submitted too, once everything is on disk.

    Args:
        protocol: What to run.
        backend: Where: ``ideal``, ``aer``, ``aer:<device>``, ``aer:<snapshot.json>``, ``exact`` and ``exact:<device>`` (figures
            without sampling), ``ibm:<processor>``, ``local:<device>`` (IBM's offline mode), a ``DeviceCalibration``, a Backend,
            a Qiskit ``BackendV2`` or ``BaseSamplerV2``.
        shots: Shots for each circuit, 1 to 100,000,000. Default 4096.
        seed: A whole number of at least 0 that decides on everything drawn at random; drawn itself by default, and reported.
        corrections: ``auto``, ``frame``, ``feedforward``, ``postselect``, ``coherent`` or ``none``.
        optimization_level: Qiskit's, 0 to 3.
        layout: One physical qubit for each wire; ``auto``, those with the least calibrated error; ``predicted``, the best of
            several by exact prediction of the first figure, which takes seconds; or the result of a link benchmark of the same
            chip, or its run's directory, for those with the least measured infidelity.
        carrier: What a transmission is on a machine: ``relabel``, ``swap`` or ``teleport``.
        emulate_links: Sample the links' own errors in software, where the backend cannot make them happen.
        noise: Which noise of a simulated device is on, a ``DeviceNoise`` or its fields. Default: all that is calibrated.
        decoupling: Decouple waiting qubits by pairs of X pulses.
        repeats: Blocks, 1 to 100, each with all circuits and all shots, one after the other; on a processor each has jobs of
            its own. Figures have the wider interval of the shots' and that of the spread between blocks.
        mitigate: Measure the qubits' readout errors in the same job, and put figures without them beside the raw ones.
        predict: Put the exact figures for the same description of noise beside sampled ones; by default on a simulated device
            if the program is small.
        controls: Add control experiments to the job: the same circuits without corrections, as figures that end in
            ``_uncorrected``, and direct transport by SWAPs on the same qubits, ``_swap_transport``, where the protocol has a
            baseline. ``result.compare()`` puts them side by side.
        max_qpu_seconds: The most processor seconds that a run on a processor may take, shared by its jobs; needed there.
        options: Options of IBM's Sampler by dotted name, on ``ibm:`` and, as far as its offline mode knows them, ``local:``;
            such as ``{"twirling.enable_gates": True, "execution.rep_delay": 2.5e-4}``.
        path: A directory, new or empty, that keeps the run; needed on a processor.
        verify: Prove, before anything goes to a processor, that compilation kept the parties apart. A program for which that
            cannot be decided is refused, unless this is False; the result notes it then.
        dry_run: Do everything but write and submit.

    Returns:
        The run, in state PREPARED; on a processor QUEUED, or as far as its job is. Of a dry run, what was found: a
        ``Prepared``, which cannot start.

    Raises:
        ParameterError, UnsupportedError, LayoutError, RecordError: See each option; nothing has run then.
        BackendError: If a job could not be submitted; the directory says how far it came, and opening it goes on.
    """
    seeded = seed is not None
    given = check_options(
        protocol=protocol, shots=shots, seed=seed, corrections=corrections, optimization_level=optimization_level,
        carrier=carrier, emulate_links=emulate_links, noise=noise, decoupling=decoupling, repeats=repeats,
        mitigate=mitigate, predict=predict, controls=controls, max_qpu_seconds=max_qpu_seconds, options=options, path=path,
        verify=verify, dry_run=dry_run,
    )  # fmt: skip
    seed = given["seed"]
    where = _with_noise(backend_of(backend), given["noise"]).with_options(options)
    where = _limited(where, max_qpu_seconds, path, dry_run)
    protocol, left_out = on_device(protocol, where)
    kept = (
        "corrections", "optimization_level", "carrier", "emulate_links", "decoupling", "controls", "mitigate", "verify",
    )  # fmt: skip
    chosen = {
        "seeded": seeded,
        "shots": DEFAULT_SHOTS if shots is None else given["shots"],
        **{name: given[name] for name in kept},
        "layout": plain_layout(layout, where.device),
        "repeats": _repeats(given["repeats"], protocol, where),
        "max_qpu_seconds": given["max_qpu_seconds"],
        "options": dict(where.options),
    }
    if chosen["layout"] == PREDICTED:
        chosen, placed = ranked(program_of(protocol, seed), where, seed, chosen)
        left_out = (*left_out, placed)
    compiled = prepare(protocol, where, seed, chosen)
    if mitigate:
        check_mitigable(protocol, compiled.program, where)
    counts = with_readout(_shots(compiled.program, shots, where), compiled)
    chosen["own_shots"] = all(item.shots is not None for item in compiled.program)
    _check_links(compiled, where)
    where.check(compiled)
    took = proved(compiled, where, verify)
    manifest = make_manifest(protocol, compiled, where, seed, counts, chosen)
    manifest["seconds"].update(took)
    if needs_proof(where) and not verify:
        left_out = (*left_out, UNPROVED)
    jobs, cost = plan_jobs(compiled, where, counts, repeats)
    manifest["jobs"] = jobs
    if cost is not None:
        manifest["cost"] = cost.to_dict()
        manifest["resources"]["surplus_executions"] = cost.waste
    manifest["notes"] += left_out
    if where.remote:
        if cost is not None:
            check_budget(replace(cost, remaining=left_on(where)), max_qpu_seconds)
        share_budget(jobs, max_qpu_seconds)
        tag_jobs(jobs, manifest["run_id"])
    manifest["predicted"] = predicted(compiled, where, predict)
    if dry_run:
        return Prepared(manifest, compiled, cost)
    record = None
    if path is not None:
        note = partial(note_run, manifest["run_id"]) if where.remote else None
        record = Record.create(path, manifest, note)
        write_compiled(record, compiled)
        manifest = record.manifest()
    return Run(manifest, record, compiled, where, source=protocol).start()


def _repeats(repeats: int, protocol: Protocol, backend: Backend) -> int:
    """Return the number of blocks, if the backend and the protocol can have so many."""
    if repeats > 1 and not backend.samples:
        raise UnsupportedError(f"{backend.name} computes figures without shots; leave repeats out")
    if repeats > 1 and protocol.analyzes:
        raise UnsupportedError(
            f"{protocol.name} analyses its outcomes as a whole, so blocks cannot be compared; leave repeats out"
        )
    return int(repeats)


def _limited(
    backend: Backend, seconds: int | None, path: str | os.PathLike[str] | None, dry_run: bool
) -> Backend:
    """Return the backend with its budget; whatever costs processor time needs one, and a directory."""
    if not backend.remote:
        return backend if seconds is None else backend.limited(seconds)
    if seconds is None:
        raise ParameterError(
            f"{backend.name} costs processor time; say max_qpu_seconds (--max-qpu-seconds), the most that it may take"
        )
    if path is None and not dry_run:
        raise ParameterError(
            f"a run on {backend.name} is kept in a directory, so that nothing is lost; say path (--out DIR)"
        )
    return backend.limited(seconds)


def _with_noise(backend: Backend, noise: DeviceNoise | None) -> Backend:
    return backend if noise is None else backend.with_noise(noise)


def _shots(program: Program, shots: int | None, backend: Backend) -> list[int]:
    if shots is not None and not backend.samples:
        raise UnsupportedError(f"{backend.name} computes figures without shots; leave shots out")
    return counts_for(program, shots)


def _check_links(compiled: Compiled, backend: Backend) -> None:
    """Refuse link noise that a machine cannot make, unless it is emulated."""
    if backend.simulates_links or not any(item.lowered.link_noise for item in compiled):
        return
    raise UnsupportedError(
        f"the links' own noise cannot happen on {backend.name}, where Bell pairs are made by gates; "
        "say emulate_links=True (--emulate-links) to sample it in software, or use ideal links"
    )


def run(
    protocol: Protocol,
    backend: Any = "ideal",
    *,
    level: float = 0.95,
    progress: Report = None,
    **options: Any,
) -> Result:
    """Run a protocol and return its figures.

    Args:
        protocol: What to run.
        backend: Where to run it.
        level: Confidence level of the intervals, in [0.5, 1).
        progress: Called with the shots done and the shots in all; True prints to stderr, False nothing; by default stderr is
            told if it is a terminal and it takes more than two seconds.
        **options: Those of ``submit``: shots, seed, corrections, optimization_level, layout, carrier, emulate_links, noise,
            decoupling, mitigate, repeats, controls, predict, max_qpu_seconds, options, path, verify.

    Returns:
        The result.

    Raises:
        QnetError: What ``submit`` raises, before anything runs; BackendError if the backend fails.
        TypeError: If there is no such option.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> result = run(RepeaterChain(hops=2, link_fidelity=0.95), shots=2000, seed=7)
        >>> result.theory["fidelity"] in result.fidelity
        True
    """
    check_options(level=level)
    return _started(protocol, backend, **options).result(level, progress)


def _started(protocol: Protocol, backend: Any, **options: Any) -> Run:
    if "dry_run" in options:
        raise ParameterError(
            "dry_run is an option of submit, which returns what it found; to know the cost alone, ask estimate_cost"
        )
    started: Run = submit(protocol, backend, **options)
    return started


def predict(
    protocol: Protocol,
    device: Any = None,
    *,
    noise: DeviceNoise | Mapping[str, Any] | None = None,
    memory: float = DEFAULT_MEMORY,
    **options: Any,
) -> Result:
    """Return a protocol's figures without sampling, exactly for the stated model of noise.

    The compiled circuit with all its noise is contracted as a tensor network of Pauli expectations, amplitude damping,
    readout in both directions, mid-circuit measurements and corrections included.

    Args:
        protocol: What to compute.
        device: A stand-in device's name, with or without ``aer:``; a snapshot's path; a calibration, a ``Device``, a Qiskit
            ``BackendV2`` or a Backend; None for no device, where only the links' own errors happen.
        noise: Which noise of the device is on. Default: all that is calibrated.
        memory: The most bytes that a contraction may take. Default 2 GiB.
        **options: Those of ``submit`` that are not about sampling: corrections, optimization_level, layout, carrier,
            emulate_links, decoupling, controls, seed (of what is drawn at random before anything runs), path.

    Returns:
        The result; ``low == high`` for every figure, and the method is ``exact``.

    Raises:
        UnsupportedError: If a figure cannot be computed exactly, or not in the memory given; the message names the way out.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> fidelity = predict(RepeaterChain(hops=2, link_fidelity=0.9)).fidelity
        >>> round(fidelity.value, 5), fidelity.low == fidelity.high
        (0.81333, True)
    """
    backend = exact_backend(device, memory)
    return _started(protocol, backend, noise=noise, **{"seed": 0, **options}).result()


def exact_backend(device: Any = None, memory: float = DEFAULT_MEMORY) -> ExactBackend:
    """Return the exact backend for a device, named in any way that a device or a backend can be."""
    memory = check_options(memory=memory)["memory"]
    if isinstance(device, Backend) and device.device is None:
        return ExactBackend(memory=memory)
    if isinstance(device, Backend):
        kind, _, named = device.name.partition(":")
        label = named if named and kind in ("aer", "exact") else device_label(device.device)
        return ExactBackend(f"exact:{label}", device.device, device.noise, memory)
    if isinstance(device, str):
        kind, colon, rest = device.partition(":")
        device = rest if colon and kind in ("aer", "exact", "local") else device
        device = None if device in ("ideal", "aer", "exact") else device
    if device is None:
        return ExactBackend(memory=memory)
    found = device_of(device)
    return ExactBackend(f"exact:{device_label(device)}", found, None, memory)


def compile(
    protocol: Protocol | Program,
    backend: Any = "ideal",
    *,
    seed: int = 0,
    corrections: str = "auto",
    optimization_level: int = 2,
    layout: Layout = None,
    carrier: str = "relabel",
    emulate_links: bool = False,
    decoupling: bool = False,
    mitigate: bool = False,
) -> Compiled:
    """Compile a protocol, or a program, for a backend, without running it.

    Args:
        protocol: A protocol or a program.
        backend: A backend, or the name of a stand-in device.
        seed: Seed of what is drawn at random.
        corrections: The correction mode.
        optimization_level: Qiskit's, 0 to 3.
        layout: One physical qubit for each wire; ``auto``, those with the least calibrated error; ``predicted``, the best of
            several by exact prediction of the first figure, which takes seconds; or the result of a link benchmark of the same
            chip, or its run's directory, for those with the least measured infidelity.
        carrier: What a transmission is on a machine.
        emulate_links: Sample the links' own errors in software.
        decoupling: Decouple waiting qubits by pairs of X pulses.
        mitigate: Add the circuits that measure the readout of the qubits, as the last two.

    Returns:
        The circuits, with ``verify`` and ``analyze``.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> compiled = compile(RepeaterChain(hops=2), "aer:fake_manila")
        >>> compiled.verify() > 0
        True
    """
    options = check_options(
        seed=seed, corrections=corrections, optimization_level=optimization_level, carrier=carrier,
        emulate_links=emulate_links, decoupling=decoupling, mitigate=mitigate,
    )  # fmt: skip
    seed = options.pop("seed")
    if not isinstance(protocol, Program):
        check_options(protocol=protocol)
    where = backend_of(backend)
    program = protocol if isinstance(protocol, Program) else program_of(on_device(protocol, where)[0], seed)
    options["layout"] = plain_layout(layout, where.device)
    if options["layout"] == PREDICTED:
        options, _ = ranked(program, where, seed, options)
    return compile_for(program, where, seed, options)
