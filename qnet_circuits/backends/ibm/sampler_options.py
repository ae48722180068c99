"""The Sampler's own options: which are accepted, which are refused and why, and the needs of twirling.

Twirling runs a circuit in randomisations: random Paulis are put around its layers of gates and undone by the gates that
follow (and, around measurements, in the outcomes), so that on average errors are Pauli errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from qiskit import QuantumCircuit

from qnet_circuits.backends.ibm.client import client_program, client_value, twirled_shots
from qnet_circuits.backends.service.cost import LONGEST_REP_DELAY
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import ParameterError, UnknownNameError, UnsupportedError, check_range

_TWIRLED = ("twirling.enable_gates", "twirling.enable_measure")
_OF_GATES = ("twirling.group", "twirling.strategy")
_OF_SHOTS = ("twirling.num_randomizations", "twirling.shots_per_randomization")
#: How circuits are twirled; the offline mode does this as a processor does.
TWIRLING = (*_TWIRLED, *_OF_GATES, *_OF_SHOTS)
#: What a job on a processor may be asked for.
ON_A_PROCESSOR = (
    *TWIRLING,
    "environment.log_level",
    "execution.init_qubits",
    "execution.meas_type",
    "execution.rep_delay",
)
#: The one value with which a run means anything, and why no other.
_ONLY: Mapping[str, tuple[Any, str]] = MappingProxyType(
    {
        "execution.init_qubits": (True, "every circuit begins in |0>, not in what the last shot left"),
        "execution.meas_type": ("classified", "figures are made of bits"),
    }
)
#: What else the Sampler knows, or a group of it, with the way out.
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "default_shots": "give shots (--shots)",
        "dynamical_decoupling": "use decoupling=True (--decoupling), which also works beside real-time decisions",
        "environment.image": "leave it out: the service's own image is used",
        "environment.job_tags": "leave it out: the job carries the run's tag, by which it is found again",
        "environment.max_execution_time": "give max_qpu_seconds (--max-qpu-seconds)",
        "environment.private": "leave it out: results of a private job can be read only once",
        "execution.scheduler_timing": "leave it out: what it returns is not kept",
        "execution.stretch_values": "leave it out: what it returns is not kept",
        "experimental": "leave it out: its content is not checked",
        "max_execution_time": "give max_qpu_seconds (--max-qpu-seconds)",
        "simulator": "give seed (--seed), on a simulator",
    }
)
#: Shots of the trial that shows whether a circuit can be twirled.
_TRIAL = 64

Options = Mapping[str, Any]


def check_options(given: Any, backend: str, honoured: Sequence[str] = ON_A_PROCESSOR) -> dict[str, Any]:
    """Return options in the client's form, if all of them can be honoured.

    Args:
        given: Values by dotted name, such as ``{"twirling.enable_gates": True}``.
        backend: Name of the backend, for messages.
        honoured: The options that the backend honours.

    Raises:
        UnknownNameError: If there is no such option.
        UnsupportedError: If an option cannot be chosen by the caller; the message names an alternative.
        ParameterError: If the client does not accept a value, or an option would have no effect.

    Example:
        >>> check_options({"twirling.enable_gates": "true"}, "ibm:ibm_kingston")
        {'twirling.enable_gates': True}
        >>> check_options({"default_shots": 10}, "ibm:ibm_kingston")
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.UnsupportedError: ibm:ibm_kingston does not take the option default_shots; give shots (--shots)
    """
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ParameterError(
            f'options must be a mapping of names to values, such as {{"twirling.enable_gates": True}}, got {given!r}'
        )
    checked = {name: _checked(name, given[name], backend, honoured) for name in sorted(given)}
    _check_effect(checked)
    return checked


def _checked(name: str, value: Any, backend: str, honoured: Sequence[str]) -> Any:
    way_out = _REFUSED.get(name) or _REFUSED.get(name.partition(".")[0])
    if way_out:
        raise UnsupportedError(f"{backend} does not take the option {name}; {way_out}")
    if name not in ON_A_PROCESSOR:
        raise UnknownNameError("option", name, honoured)
    if name not in honoured:
        raise UnsupportedError(
            f"{backend} does not take the option {name}, which IBM's offline mode ignores; leave it out, or run on ibm:<name>"
        )
    if value is None:
        raise ParameterError(f"option {name}: got no value; give one, or leave it out")
    value = client_value(name, value)
    if name == "execution.rep_delay":
        return check_range(f"option {name}", value, 0.0, LONGEST_REP_DELAY)
    only, why = _ONLY.get(name, (value, ""))
    if value != only:
        raise UnsupportedError(f"{backend} takes the option {name} only as {only!r}: {why}; leave it out")
    return value


def _check_effect(options: Options) -> None:
    """Refuse options of twirling if nothing is twirled."""
    if options.get("twirling.enable_gates"):
        return
    for name in _OF_GATES if twirls(options) else (*_OF_GATES, *_OF_SHOTS):
        if name in options:
            raise ParameterError(
                f"option {name} has no effect while no gates are twirled; give twirling.enable_gates=true too, or leave it out"
            )


def twirls(options: Options) -> bool:
    """Return whether anything is twirled."""
    return any(options.get(name) for name in _TWIRLED)


def executed_shots(shots: int, options: Options) -> int:
    """Return the number of shots that run for a requested number: all randomisations have equally many, so a few more may run.

    Raises:
        ParameterError: If both the number of randomisations and their shots were given, and are too few.

    Example:
        >>> executed_shots(500, {"twirling.enable_gates": True})
        512
    """
    if not twirls(options):
        return shots
    number, each = twirled_shots(shots, options)
    if number * each < shots:
        raise ParameterError(
            f"{number} randomisations of {each} shots are {number * each:,} shots, {shots:,} are asked for; "
            "raise twirling.num_randomizations or twirling.shots_per_randomization, or leave one of them out"
        )
    return number * each


def options_notes(options: Options) -> tuple[str, ...]:
    """Return the notes of a result of a job with options."""
    gates, measure = (options.get(name) for name in _TWIRLED)
    what = " and ".join(name for name, on in (("gates", gates), ("measurements", measure)) if on)
    said = []
    if what:
        said.append(
            f"twirled {what}: the client puts random Paulis around layers of them and undoes them; "
            "gates stay within the fences of their node, which it is given as delays of no length"
        )
    if "execution.rep_delay" in options:
        said.append(f"{options['execution.rep_delay'] * 1e6:g} µs between two shots")
    return tuple(said)


# -- circuits that are twirled ----------------------------------------------------------------------------------------


def for_twirling(circuit: QuantumCircuit, shots: int | None = None) -> QuantumCircuit:
    """Return a circuit in the form in which the client twirls it.

    Twirling removes barriers, and gates on one qubit may then move across them: Alice's gate would be merged with Bob's. A
    delay stays in its place, so every barrier is replaced by delays of zero length.

    Args:
        circuit: A circuit on the device's qubits.
        shots: The requested shots, which the result repeats beside the shots that ran.

    Example:
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.x(0), circuit.barrier(), circuit.x(0)
        >>> [instruction.name for instruction in for_twirling(circuit).data]
        ['x', 'delay', 'x']
    """
    made = circuit.copy_empty_like()
    made.metadata = {} if shots is None else {"shots": shots}
    for instruction in circuit.data:
        if instruction.name == "barrier":
            for qubit in instruction.qubits:
                made.delay(0, qubit, unit="dt")
        else:
            made.append(instruction)
    return made


def check_twirling(
    compiled: Compiled, circuits: Sequence[QuantumCircuit], options: Options, backend: str
) -> None:
    """Raise UnsupportedError if circuits cannot be twirled.

    Args:
        compiled: The compiled program.
        circuits: Its circuits in the form in which they would be sent.
        options: The options.
        backend: Name of the backend, for messages.
    """
    if not twirls(options):
        return
    if compiled.decoupling:
        raise UnsupportedError(
            f"{backend} cannot decouple twirled circuits: twirling lays gates out in layers of its own, with other waits "
            "than those that pulses were laid out for; leave decoupling or twirling out"
        )
    for circuit in circuits:
        for position, instruction in enumerate(circuit.data):
            if instruction.is_control_flow():
                places = ", ".join(str(circuit.find_bit(qubit).index) for qubit in instruction.qubits)
                raise UnsupportedError(
                    f"circuit {circuit.name!r}: {instruction.name} on qubits {places} (instruction {position}) decides in real "
                    'time, and such circuits cannot be twirled; use corrections="frame" (--corrections frame), '
                    "or leave twirling out"
                )
        _check_trial(circuit, options, backend)


def _check_trial(circuit: QuantumCircuit, options: Options, backend: str) -> None:
    chosen = {name: value for name, value in options.items() if name in (*_TWIRLED, *_OF_GATES)}
    try:
        client_program([for_twirling(circuit)], chosen, _TRIAL)
    except Exception as error:
        reason = re.sub(r"\s+", " ", str(error)).strip(" .\"'")
        other = "choose another twirling.group, or " if "twirling.group" in options else ""
        raise UnsupportedError(
            f"{backend}: IBM's client cannot twirl circuit {circuit.name!r}: {reason}; {other}leave twirling out"
        ) from error
