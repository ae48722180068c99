"""The verb that tells the story of a shot."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from qnet_circuits.backends.registry import backend_of
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import NoShotsError, ParameterError, UnsupportedError, check_count, check_name
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Runnable, protocol_for
from qnet_circuits.programs.protocol import Protocol, called
from qnet_circuits.runs.options import STORY, RunOptions, stream_seed, takes_options
from qnet_circuits.runs.prepared import Prepared
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.run import Run
from qnet_circuits.runs.story.curves import curves_of
from qnet_circuits.runs.story.making import Telling
from qnet_circuits.runs.story.scene import NOMINAL, Scene
from qnet_circuits.runs.story.story import Story


@takes_options
def tell(
    protocol: Runnable,
    backend: Any = "ideal",
    *,
    shot: int = 0,
    circuit: str | None = None,
    withhold: bool = False,
    figures: Iterable[Figure] | None = None,
    **options: Any,
) -> Story:
    """Tell the story of one shot: what happens, who knows what at each time, and what each observer can say of each qubit.

    The shot is one of the run that ``run`` makes with the same arguments and the same seed. Its recorded bits pick one branch
    of the digital twin, which is replayed step by step. A node knows the bits that it measured, and those that reached it by a
    message. What it can say of a qubit is the state given these bits, averaged over all others.

    Args:
        protocol: What to run, as for ``run``; plain circuits need no figures.
        backend: Where: a simulator, as for ``run``. Without a device the clock is nominal, and the notes say so.
        shot: The number of the shot, from 0.
        circuit: The name of the circuit; the first by default.
        withhold: Whether no message is sent. If decisions are made in real time, the story is of the first shot with the same
            bits of a run with ``corrections="none"`` and the same seed, on the same qubits.
        figures: The figures of plain circuits.
        **options: What the run is asked for:

    Returns:
        The story.

    Raises:
        ParameterError: If there is no such shot; or if the outcomes are key material and no seed is given.
        UnknownNameError: If there is no such circuit.
        UnsupportedError: If the backend samples no outcomes, or runs elsewhere; or if corrections are ``coherent``.

    Example:
        >>> import qnet_circuits as qn
        >>> story = qn.tell(qn.Teleportation(state="+"), corrections="feedforward", seed=1)
        >>> [event.kind for event in story.events if event.kind not in ("gate", "wait")]
        ['link', 'measure', 'measure', 'message', 'correction', 'correction', 'measure', 'end']
    """
    check_count("shot", shot, 0)
    chosen = RunOptions.of("tell", options)
    where = backend_of(backend)
    if where.capabilities.remote or not where.capabilities.samples:
        raise UnsupportedError(
            f"a story is of a shot that is simulated here, and {where.name} samples none; name a simulator, such as "
            "aer:fake_kingston"
        )
    given = (
        protocol
        if isinstance(protocol, Protocol) and figures is None
        else protocol_for(protocol, figures, False)
    )
    if given.secret_outcomes and options.get("seed") is None:
        raise ParameterError(
            f"the outcomes of {called(given)} are key material, which is shown for a demonstration alone; give a seed"
        )
    prepared = prepare(given, where, chosen)
    story = telling_of(prepared, Run.of(prepared), circuit).story(shot)
    if not withhold:
        return replace(story, _curves=partial(curves_of, prepared))
    if story.withheld is None:
        raise UnsupportedError(
            f"circuit {story.circuit!r} sends no message that could be withheld; leave withhold out"
        )
    return replace(
        story.withheld, others=tuple(each.withheld for each in story.others if each.withheld is not None)
    )


def telling_of(prepared: Prepared, run: Run, circuit: str | None) -> Telling:
    """Return what all stories of a circuit of a run have in common.

    Args:
        prepared: What the run executes.
        run: The run, or one of its kind whose outcomes are there.
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
        outcomes = dict(run.outcomes()[item.name])
    return Telling(scene, raw, outcomes, about, exact, rng, _silent(prepared, scene))


def _silent(prepared: Prepared, scene: Scene) -> Telling | None:
    """Return the same circuit without messages, on the same qubits, if it is another one: decisions are made in real time."""
    if not scene.in_real_time:
        return None
    options = replace(prepared.options, corrections="none", seed=prepared.seed)
    layouts = prepared.compiled.layout
    if layouts is not None and len(layouts) == 1 and prepared.compiled.program.items[0].layout is None:
        options = replace(options, layout=layouts[0])
    try:
        other = prepare(prepared.protocol, prepared.backend, options)
    except UnsupportedError:
        return None
    return telling_of(other, Run.of(other), scene.item.name)


def _notes(prepared: Prepared, scene: Scene) -> tuple[str, ...]:
    notes = list(prepared.notes)
    if scene.device is None:
        notes.append(f"{NOMINAL}, and messages {1e6 * scene.latency:.3g} µs")
    if prepared.protocol.secret_outcomes:
        notes.append(
            "a demonstration: the seed is known, and so is every bit; a key is made of a run without a seed"
        )
        notes.append(
            "the settings of this circuit are taken as known to all; in the protocol each node knows its own alone"
        )
    return tuple(notes)
