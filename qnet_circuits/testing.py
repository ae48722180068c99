"""Conformance tests for any protocol or backend; those of this package pass them too."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Backend, check_raw
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.errors import FigureError, FrameError, NoShotsError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.verbs import run
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: Wrong alarms of the battery's statistical checks, each.
ALPHA = 1e-6


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def check_protocol(protocol: Protocol, shots: int = 2000, seed: int = 1) -> None:
    """Check that a protocol keeps the contract.

    The protocol must be a frozen dataclass that its repr and its parameters make again. The same random stream must make the
    same program. Figures must reach their declared ideal values in every correction mode that the circuits allow, and the
    values of theory, if there is one. Compilation must keep the parties apart.

    Args:
        protocol: An instance to check.
        shots: Shots for each circuit of the runs. A protocol that counts its own rounds keeps its own number.
        seed: Seed of the runs.

    Raises:
        AssertionError: If the contract is broken; the message names the violation.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> check_protocol(RepeaterChain(hops=2))
    """
    cls = type(protocol)
    _demand(bool(cls.name), f"{cls.__name__} has no name")
    _demand(dataclasses.is_dataclass(protocol), f"{cls.__name__} is no dataclass")
    _demand(cls.__dataclass_params__.frozen, f"{cls.__name__} is not frozen")  # type: ignore[attr-defined]
    plain = json.loads(json.dumps(protocol.parameters))
    _demand(
        cls.from_parameters(**plain) == protocol,
        f"{cls.__name__} is not made again by its parameters {plain}",
    )
    programs = [protocol.program(np.random.default_rng(seed)) for _ in range(2)]
    _demand(
        programs[0].id == programs[1].id, f"{cls.__name__} makes different programs of the same random stream"
    )
    program = programs[0]
    names = {figure.name for figure in program.figures}
    theory = protocol.theory(NoiseParameters())
    # What a protocol's own analysis adds is known only when outcomes are there.
    if not protocol.analyzes:
        for kind, named in (("theory", theory), ("bounds", protocol.bounds)):
            lacking = sorted(set(named) - names)
            _demand(not lacking, f"{kind} has figures that the program lacks: {lacking}")
    compile_program(program, None, corrections="auto").verify()
    for mode in applicable_modes(program):
        _check_mode(protocol, program, theory, mode, shots, seed)


def applicable_modes(program: Program) -> tuple[str, ...]:
    """Return the correction modes that can treat all circuits of a program."""
    modes = []
    for mode in ("frame", "feedforward", "postselect", "coherent", "none"):
        try:
            for item in program:
                lower(item.circuit, mode)
        except (FrameError, UnsupportedError):
            continue
        modes.append(mode)
    return tuple(modes)


def _check_mode(
    protocol: Protocol, program: Program, theory: dict[str, float], mode: str, shots: int, seed: int
) -> None:
    own = any(item.shots is not None for item in program)
    counted = None if own else shots
    try:
        result = run(protocol, "ideal", shots=counted, seed=seed, corrections=mode, level=1 - ALPHA)
    except FigureError as error:
        raise AssertionError(f"{protocol.id}, corrections={mode}: {error}") from None
    except NoShotsError:
        if mode != "postselect":
            raise
        return  # a bit that is always 1 asks for its correction in every shot
    lowered = [item.lowered for item in compile_program(program)]
    noisy = any(one.link_noise or one.forms.emulated for one in lowered)
    for figure in program.figures:
        expected = expected_value(figure, theory, mode, noisy)
        if expected is not None and figure.name in result.figures:
            estimate = result[figure.name]
            _demand(
                _agrees(estimate, expected),
                f"{protocol.id}, corrections={mode}: {figure.name} is {estimate}, expected {expected}",
            )


def expected_value(figure: Figure, theory: dict[str, float], mode: str, noisy: bool) -> float | None:
    """Return the value that a figure must reach on a simulator without device noise, or None if unknown."""
    if mode == "none":
        return None if noisy else figure.without_messages
    return theory.get(figure.name) if noisy else figure.ideal


def _agrees(estimate: Estimate, expected: float) -> bool:
    return estimate.low - 1e-9 <= expected <= estimate.high + 1e-9


def check_backend(backend: Backend, protocol: Protocol | None = None, shots: int = 100) -> None:
    """Check that a backend keeps the contract: its outcomes have the program's shape, and its states are known.

    Args:
        backend: The backend to check.
        protocol: A protocol to run. Default: a chain of two hops.
        shots: Shots for each circuit.

    Raises:
        AssertionError: If the contract is broken.

    Example:
        >>> from qnet_circuits.backends.mock import MockBackend
        >>> check_backend(MockBackend())
    """
    from qnet_circuits.protocols.repeater_chain import RepeaterChain

    _demand(bool(backend.name), "the backend has no name")
    chosen = protocol or RepeaterChain(hops=2)
    program = chosen.program(np.random.default_rng(0))
    compiled = compile_program(program, backend.device)
    backend.check(compiled)
    counts = [shots] * len(program.items)
    ticket: Any = backend.submit(compiled, counts, 1, "check")
    states = ("QUEUED", "RUNNING", "DONE")
    state = backend.poll(ticket)
    _demand(state in states, f"the backend's state is {state!r}, expected one of {states}")
    while state != "DONE":
        state = backend.poll(ticket)
    raws = backend.fetch(ticket)
    check_raw(raws, compiled, counts)
    for raw in raws:
        kinds = {array.dtype for array in raw.values()}
        _demand(kinds == {np.dtype(bool)}, f"outcomes must be bool arrays, got {kinds}")
    if backend.remote:
        _demand(isinstance(ticket, str), f"the ticket of a remote backend is a string, got {ticket!r}")
        _demand(ticket in backend.find_all("check"), "a submitted job is not found by its tag")
    with tempfile.TemporaryDirectory() as directory:
        paid = {"path": directory, "max_qpu_seconds": 60} if backend.remote else {}
        result = run(chosen, backend, shots=shots, seed=1, **paid)  # type: ignore[arg-type]
    _demand(result.figures["fidelity"].n > 0, "a run gave no shots")
