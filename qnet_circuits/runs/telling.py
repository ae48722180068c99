"""The verb that tells the story of a shot."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import (
    NoShotsError,
    ParameterError,
    RecordError,
    UnsupportedError,
    check_name,
)
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Given, Runnable, protocol_for
from qnet_circuits.programs.protocol import Protocol, called
from qnet_circuits.runs.options import STORY, RunOptions, check_arguments, stream_seed, takes_options
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.run import Run
from qnet_circuits.runs.story.curves import curves_of
from qnet_circuits.runs.story.making import Telling
from qnet_circuits.runs.story.scene import NOMINAL, Scene
from qnet_circuits.runs.story.story import Story
from qnet_circuits.runs.verbs import open_run


@takes_options
def tell(
    protocol: Runnable | Run | str | os.PathLike[str],
    backend: Any = "ideal",
    *,
    shot: int = 0,
    circuit: str | None = None,
    withhold: bool = False,
    states: bool = False,
    figures: Iterable[Figure] | None = None,
    **options: Any,
) -> Story:
    """Tell the story of one shot: its events, the bits that each node knows, and the state of each qubit for each observer.

    The shot belongs to the run that ``run`` makes with the same arguments and the same seed. Its recorded bits select one
    branch of the digital twin, which is replayed step by step. A node knows the bits that it measured, and the bits that it
    received in messages. A qubit's state for an observer is the state given the bits that the observer knows, averaged over
    all others.

    Args:
        protocol: The protocol, program or circuits, as for ``run``; plain circuits need no figures. A run with stored
            outcomes, or its directory, is accepted too: then nothing is run, and a backend and options are refused.
        backend: A simulator, as for ``run``. Without a device the clock is nominal, and the notes say so.
        shot: The number of the shot, from 0. If a run has several blocks, the shot is of the first block.
        circuit: The name of the circuit; the first by default.
        withhold: Whether to withhold all messages. If decisions are made in real time, the story comes from another run, with
            ``corrections="none"``, the same seed and the same qubits: it is that of the first shot with the same bits.
        states: Whether to refuse a circuit that is too wide to compute states. By default the story of such a circuit has only
            bits and frames.
        figures: The figures of plain circuits.
        **options: Options of the run:

    Returns:
        The story.

    Raises:
        ParameterError: If there is no such shot, or the outcomes are key material and no seed is given.
        UnknownNameError: If there is no such circuit.
        UnsupportedError: If the backend samples no outcomes, or is not simulated here; if corrections are ``coherent``; or if
            states are required and the circuit is too wide.
        RecordError: If a run has no stored outcomes, its directory cannot be read, or its circuits do not follow from its
            program in this version.

    Example:
        >>> import qnet_circuits as qn
        >>> story = qn.tell(qn.Teleportation(state="+"), corrections="feedforward", seed=1)
        >>> [event.kind for event in story.events if event.kind not in ("gate", "wait")]
        ['link', 'measure', 'measure', 'message', 'correction', 'correction', 'measure', 'end']
    """
    check_arguments(shot=shot, circuit=circuit, withhold=withhold, states=states)
    chosen = RunOptions.of("tell", options)
    if isinstance(protocol, Run | str | os.PathLike):
        if options or figures is not None or backend != "ideal":
            raise UnsupportedError(
                "an existing run already has its backend and its options; leave them out, or give the protocol instead of the "
                "run"
            )
        run = protocol if isinstance(protocol, Run) else open_run(protocol)
        prepared = _collected(run)
    else:
        prepared = _prepared(protocol, backend, chosen, figures, options.get("seed") is not None)
        run = Run.of(prepared)
    story = telling_of(prepared, run, circuit).story(shot)
    if states and not story.exact:
        reason = next(note for note in story.notes if note.startswith("no states"))
        raise UnsupportedError(f"circuit {story.circuit!r} has {reason}")
    if not withhold:
        return replace(story, _curves=partial(curves_of, prepared))
    if story.withheld is None:
        if any(event.kind == "message" for event in story.events):
            raise UnsupportedError(f"{story.notes[-1]}; raise the number of shots, or tell another shot")
        raise UnsupportedError(
            f"circuit {story.circuit!r} sends no message that could be withheld; leave withhold out"
        )
    return replace(
        story.withheld, others=tuple(each.withheld for each in story.others if each.withheld is not None)
    )


def _prepared(
    given: Runnable, backend: Any, options: RunOptions, figures: Iterable[Figure] | None, seeded: bool
) -> Prepared:
    """Return the run that a story is told of, which may be shown."""
    where = backend_of(backend)
    _check_simulated(where)
    protocol = (
        given if isinstance(given, Protocol) and figures is None else protocol_for(given, figures, False)
    )
    if protocol.secret_outcomes and not seeded:
        raise ParameterError(
            f"the outcomes of {called(protocol)} are key material, which is shown only in a demonstration; give a seed"
        )
    return prepare(protocol, where, options)


def _collected(run: Run) -> Prepared:
    """Return what a run that has its outcomes was prepared as, if it may be shown."""
    manifest = run.manifest
    if manifest.get("origin") is not None:
        raise UnsupportedError(
            "the outcomes were measured elsewhere, with unknown noise; give a simulated run"
        )
    if run.exact:
        raise RecordError(
            f"{run.path or 'the run'} was computed exactly and has no shots; give a sampled run"
        )
    if run.path is not None and run.status != "COLLECTED":
        raise RecordError(
            f"{run.path} has no stored outcomes yet (status {run.status}); qnet fetch {run.path} collects them"
        )
    if manifest["remote"]:
        raise _not_simulated(manifest["backend"])
    if manifest.get("copies"):
        raise UnsupportedError(
            "each shot of a run of copies holds several shots of the program; give a run of one copy"
        )
    prepared = run.stored
    _check_simulated(prepared.backend)
    if prepared.protocol.secret_outcomes and not run.seeded:
        raise ParameterError(
            f"the outcomes of {called(prepared.protocol)} are key material, and the run had no seed; give a run with a seed"
        )
    return prepared


def _check_simulated(where: BaseBackend) -> None:
    if where.capabilities.remote or not where.capabilities.samples:
        raise _not_simulated(where.name)


def _not_simulated(name: str) -> UnsupportedError:
    return UnsupportedError(
        f"a story needs a shot that is simulated here, and {name} samples none; name a simulator, such as aer:fake_kingston"
    )


def telling_of(prepared: Prepared, run: Run, circuit: str | None) -> Telling:
    """Return what all stories of a circuit of a run have in common.

    Args:
        prepared: What the run executes.
        run: The run, whose outcomes are there or are sampled now.
        circuit: The name of the circuit; None for the first.
    """
    compiled, backend, protocol = prepared.compiled, prepared.backend, prepared.protocol
    names = [item.name for item in compiled.program]
    chosen = 0 if circuit is None else names.index(check_name("circuit", circuit, names))
    item = compiled.program.items[chosen]
    device, noise = backend.expected_device, backend.expected(compiled)
    exact = noise is not None or backend.capabilities.simulates_links
    # The controller of a nominal clock makes its decisions at once.
    played = DeviceNoise(decision_latency=0.0) if device is None else noise or DeviceNoise()
    scene = Scene(
        item,
        compiled.items[chosen],
        item.carrier or prepared.options.carrier,
        device,
        played,
        compiled.decoupling,
    )
    about = {
        "protocol": protocol.id, "parameters": protocol.parameters, "backend": backend.name,
        "device": None if device is None else device.name, "simulated": bool(backend.simulated), "seed": prepared.seed,
        "secret": protocol.secret_outcomes, "notes": _notes(prepared, scene),
    }  # fmt: skip
    rng = np.random.default_rng(stream_seed(prepared.seed, STORY))
    raw, outcomes = run.raw()[0][chosen], dict[str, Any]()
    with suppress(NoShotsError):  # Post-selection drops every shot, and the story says so of this one.
        outcomes = dict(run.blocks()[0][item.name])
    return Telling(scene, raw, outcomes, about, exact, rng, _silent(prepared, scene))


def _silent(prepared: Prepared, scene: Scene) -> Telling | None:
    """Return the same circuit without messages, on the same qubits, if it is another one: decisions are made in real time."""
    if not scene.in_real_time:
        return None
    options = replace(prepared.options, corrections="none", seed=prepared.seed, controls=False)
    layouts = prepared.compiled.layout
    if layouts is not None and len(layouts) == 1 and prepared.compiled.program.items[0].layout is None:
        options = replace(options, layout=layouts[0])
    # The circuits that are told: the protocol of a stored run may make other ones now. None of a control experiment is needed.
    program = prepared.compiled.program
    own = replace(program, items=tuple(item for item in program if not item.control), figures=())
    try:
        other = prepare(Given(own), prepared.backend, options)
    except UnsupportedError:
        return None
    return telling_of(other, Run.of(other), scene.item.name)


def _notes(prepared: Prepared, scene: Scene) -> tuple[str, ...]:
    notes = list(prepared.notes)
    if scene.device is None:
        notes.append(f"{NOMINAL}, and messages {1e6 * scene.latency:.3g} µs")
    if prepared.protocol.secret_outcomes:
        notes.append(
            "this is a demonstration: the seed is known, and so every bit is known; make a key from a run without a seed"
        )
        notes.append(
            "in this story every node knows all settings of the circuit; in the protocol each node knows only its own"
        )
    return tuple(notes)
