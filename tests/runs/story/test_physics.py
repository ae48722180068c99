"""The physics of stories: knowledge and states against an enumeration by hand, light cones, averages, and the exact engine."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.programs.given import Given
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.run import Run
from qnet_circuits.runs.story.states import Replay
from qnet_circuits.runs.telling import telling_of
from tests.runs.story.enumeration import Enumeration, name_of, parities_of
from tests.support.programs import random_program

SHOTS, SEED = 300, 11
DEVICE = "aer:fake_manila"
#: A device on which programs that are no line need SWAPs.
LINE = qn.line_device(9)


def passed_on():
    """Return a Bell test in which the station says aloud to Alice what it heard of Bob."""
    program = qn.Chsh(hops=2, link_fidelity=0.9).program(np.random.default_rng(1))
    heard, told = (
        qn.Announcement(*ends, 2, "outcome", [("out", 1)])
        for ends in (("bob", "station1"), ("station1", "alice"))
    )
    items = [replace(item, announced=(heard, told)) for item in program]
    return Given(qn.Program(items, program.figures))


CASES = {
    "teleportation, in real time": (qn.Teleportation(state="+"), DEVICE, "feedforward", "+_x"),
    "teleportation, in software": (qn.Teleportation(state="+i", link_fidelity=0.9), DEVICE, "frame", "+i_y"),
    "swapping, in real time": (qn.EntanglementSwapping(link_fidelity=0.95), DEVICE, "feedforward", "yy"),
    "swapping, no message": (qn.EntanglementSwapping(), "ideal", "none", "zz"),
    "chain": (qn.RepeaterChain(hops=2), "ideal", "feedforward", "xx"),
    "tomography": (qn.ProcessTomography(), "ideal", "feedforward", "+_x"),
    "outcomes said aloud, in software": (qn.Chsh(hops=2, link_fidelity=0.9), "ideal", "frame", "plus_x"),
    "checks said aloud": (qn.Distillation(link_fidelity=0.9), "ideal", "feedforward", "yy"),
    "outcomes passed on": (passed_on(), "ideal", "frame", "minus_z"),
}  # fmt: skip


@pytest.fixture(scope="module")
def scenes():
    """Return for each case what tells its stories, and the enumeration of its circuit."""
    made = {}
    for name, (protocol, backend, mode, circuit) in CASES.items():
        asked = {"corrections": mode, "seed": SEED, "shots": SHOTS, "optimization_level": 1}
        if backend == DEVICE:
            asked["layout"] = [0, 1, 2, 3][: 3 if "tele" in name else 4]
        options = RunOptions.of("tell", asked)
        prepared = prepare(protocol, backend, options)
        run = Run.of(prepared)
        telling = telling_of(prepared, run, circuit)
        compiled = next(item for item in prepared.compiled if item.name == circuit)
        item = next(item for item in prepared.compiled.program if item.name == circuit)
        noise = prepared.backend.noise or DeviceNoise(decision_latency=0.0)
        by_hand = Enumeration(item.circuit, compiled, prepared.backend.device, noise, item.announced)
        made[name] = telling, by_hand, (telling.raw, run.outcomes()[circuit])
    return made


def test_what_each_node_knows_and_can_say_is_what_an_enumeration_finds(scenes, rng):
    compared = 0
    for telling, enumeration, recorded in scenes.values():
        stories, parities = [telling.story(shot) for shot in range(3)], parities_of(*recorded)
        for _ in range(12):
            story = stories[rng.integers(3)]
            time = float(
                rng.choice([*(moment.time_s for moment in story.moments), rng.uniform(0, story.duration_s)])
            )
            _check_moment(story, enumeration, time, parities)
            compared += 1
    assert compared >= 100


def _check_moment(story, enumeration, time, parities):
    known, heard = enumeration.known(time), enumeration.heard(time, parities)
    for node, facts in story.knows(time).items():
        read = {fact.bit: fact.value for fact in facts if fact.how != "corrected" and fact.value is not None}
        assert read == {
            **{bit: story.bits[bit] for bit in known[node]},
            **{bit: story.outcomes[bit] for bit in heard[node]},
        }
    moment = max(each.time_s for each in story.moments if each.time_s <= time + 1e-13)
    known, branches = enumeration.known(moment), enumeration.branches(moment)
    heard = enumeration.heard(moment, parities)
    for observer in story.observers:
        for qubit in (each.name for each in story.qubits):
            told = [(parities[bit], story.outcomes[bit]) for bit in heard.get(observer, ())]
            found, _ = enumeration.bloch(qubit, known[observer], story.bits, branches, told)
            said = story.state(observer, qubit, time)
            if story.device is None:
                assert said == pytest.approx(found, abs=1e-9)
            # On a device a turn about Z that lasts no time may be there earlier in the story.
            assert said[2] == pytest.approx(found[2], abs=1e-9)
            assert np.hypot(*said[:2]) == pytest.approx(np.hypot(*found[:2]), abs=1e-9)


def by_pattern(telling):
    """Return the first shot of each pattern of raw bits."""
    names = list(telling.scene.final)
    values = np.stack([telling._column(name) for name in names], axis=1)
    return [int(first) for first in np.unique(values, axis=0, return_index=True)[1]]


def light_cone_breaches(story):
    """Return what in a story changes for an observer without a cause in his past: an observer, a qubit and a time each.

    A cause is a gate or a link that acts on the qubit since the moment before, anything else that begins or ends there, a
    message that arrives, or an own measurement that ends. Nothing arrives earlier than the latency after the measurement.
    """
    found = []
    sources = [
        event
        for event in story.events
        if event.kind in ("measure", "decision") or (event.kind == "correction" and not event.qubits)
    ]
    for node, facts in story.facts.items():
        for fact in facts:
            causes = [
                event.end_s + (0 if event.nodes == (node,) else story.latency_s)
                for event in sources
                if event.bits.get(fact.bit) == fact.value
                and (event.nodes == (node,)) == (fact.how == "measured")
            ]
            if (
                fact.how != "corrected"
                and fact.value is not None
                and fact.time_s < min(causes, default=np.inf) - 1e-12
            ):
                found.append((node, fact.bit, fact.time_s))
    for before, after in zip(story.moments, story.moments[1:], strict=False):
        since, until = before.time_s + 1e-12, after.time_s + 1e-12
        recent = [
            each for each in story.events if since < each.end_s <= until or since < each.time_s <= until
        ]
        acting = [
            each
            for each in story.events
            if each.kind in ("gate", "link", "channel") and each.time_s < until and each.end_s > since
        ]
        touched = {qubit for each in (*recent, *acting) for qubit in each.qubits}
        for observer in story.observers:
            told = [each for each in recent if since < each.end_s <= until and (
                (each.kind == "measure" and observer in (*each.nodes, "everyone"))
                or (each.kind == "message" and observer == each.nodes[1])
            )]  # fmt: skip
            for qubit, vector in after.bloch[observer].items():
                same = np.allclose(vector, before.bloch[observer].get(qubit, vector), atol=1e-9)
                if not (same or told or qubit in touched):
                    found.append((observer, qubit, after.time_s))
    return found


def test_nothing_changes_without_a_cause_in_the_past(scenes):
    for telling, _, _ in scenes.values():
        story = telling.story(0)
        for each in (
            story,
            *story.others,
            *(other.withheld for other in (story, *story.others) if other.withheld),
        ):
            assert light_cone_breaches(each) == []


def test_a_planted_breach_is_found(scenes):
    telling, _, _ = scenes["tomography"]
    story = next(each for each in map(telling.story, range(20)) if each.bits["bell[0]"])
    assert light_cone_breaches(story) == []
    early = replace(story.facts["bob"][0], time_s=0.2e-6)
    told_early = replace(story, facts={**story.facts, "bob": (early, *story.facts["bob"][1:])})
    assert light_cone_breaches(told_early) == [("bob", early.bit, early.time_s)]
    measured = max(
        event.end_s for event in story.events if event.kind == "measure" and event.nodes == ("alice",)
    )
    moments = tuple(
        replace(each, bloch={**each.bloch, "bob": each.bloch["everyone"]})
        if each.time_s >= measured - 1e-12
        else each
        for each in story.moments
    )
    names = [qubit.name for qubit in story.qubits]
    assert ("bob", names.index("bob[0]"), measured) in light_cone_breaches(replace(story, moments=moments))


def test_who_knows_the_same_bits_says_the_same(scenes):
    """Shots that differ in bits that an observer does not know look alike to him."""
    compared = 0
    for telling, _, _ in scenes.values():
        stories = telling._stories(by_pattern(telling)[:8])
        for k in range(len(stories[0].moments)):
            seen = {}
            for story in stories:
                moment = story.moments[k]
                for node, facts in story.knows(moment.time_s).items():
                    raw = frozenset((fact.bit, fact.value) for fact in facts if fact.how != "corrected")
                    first = seen.setdefault((node, raw), moment.bloch[node])
                    assert all(
                        np.allclose(first[q], vector, atol=1e-12) for q, vector in moment.bloch[node].items()
                    )
                    compared += first is not moment.bloch[node]
    assert compared > 100


def test_informed_states_average_to_the_uninformed_one(scenes):
    for name in ("teleportation, in real time", "chain", "tomography"):
        telling, _, _ = scenes[name]
        stories = telling._stories(by_pattern(telling))
        weights = [story.probability for story in stories]
        assert sum(weights) == pytest.approx(1, abs=1e-9)
        for k, moment in enumerate(stories[0].moments):
            if stories[0].knows(moment.time_s)["bob"]:
                break
            for qubit, vector in moment.bloch["bob"].items():
                informed = [np.array(story.moments[k].bloch["everyone"][qubit]) for story in stories]
                average = sum(weight * each for weight, each in zip(weights, informed, strict=True))
                assert np.allclose(average, vector, atol=1e-9)


def test_branches_make_the_exact_fidelity(scenes):
    """The exact engine contracts a tensor network, and has the same figure as the sum over the branches."""
    telling, _, _ = scenes["teleportation, in real time"]
    protocol, backend, mode, _ = CASES["teleportation, in real time"]
    stories = telling._stories(by_pattern(telling))
    assert sum(story.probability for story in stories) == pytest.approx(1, abs=1e-9)
    sampled = sum(story.probability * (1 - story.bits["out[0]"]) for story in stories)
    exact = qn.predict(protocol, backend, corrections=mode, optimization_level=1, layout=[0, 1, 2])
    assert sampled == pytest.approx(exact.fidelity.value, abs=1e-9)


@pytest.mark.parametrize("mode", ["feedforward", "frame", "postselect", "none"])
def test_stories_of_random_programs_keep_to_the_light_cone_and_to_the_record(mode, rng):
    """Of programs with resets, bits that are written again, crossings in every way, and SWAPs on a line of qubits."""
    told = 0
    for k in range(8):
        program = qn.Program([qn.Item("circuit", random_program(rng, length=int(rng.integers(8, 22))))])
        asked = {
            "corrections": mode,
            "carrier": ("relabel", "swap", "teleport")[k % 3],
            "shots": 6,
            "seed": k,
        }
        on_device = {"optimization_level": 1, "noise": {"zz": 2e5}} if k % 2 else {}
        backend = LINE if k % 2 else "ideal"
        try:
            story = qn.tell(program, backend, shot=2, **asked, **on_device)
        except qn.UnsupportedError:  # Nothing is corrected, or a bit decides and is measured twice.
            continue
        told += 1
        assert story.exact and light_cone_breaches(story) == []
        measured = {
            bit: value
            for event in story.events
            if event.kind == "measure"
            for bit, value in event.bits.items()
        }
        assert measured.items() >= {
            (bit, value) for bit, value in story.bits.items() if bit.startswith("out")
        }
        circuit = program.items[0].circuit
        measuring = [each for each in circuit.data if each.name == "measure"]
        meant = {name_of(circuit, each.clbits[0]): name_of(circuit, each.qubits[0]) for each in measuring}
        for event in story.events:
            for bit in event.bits if event.kind == "measure" else ():
                assert not bit.startswith("out") or [story.qubits[k].name for k in event.qubits] == [
                    meant[bit]
                ]
        final = {
            fact.bit: fact.value
            for facts in story.facts.values()
            for fact in facts
            if fact.how == "corrected"
        }
        assert final.items() <= dict(story.outcomes).items()
        assert all(event.end_s <= story.duration_s for event in story.events)
    assert told >= 3


def test_steps_pass_one_another_only_if_they_commute(rng):
    """On the way through all moments, and at once, the same steps give the same states."""
    asked = {"corrections": "feedforward", "optimization_level": 1, "noise": {"zz": 2e6}, "shots": 2}
    for seed in range(3):
        program = qn.Program([qn.Item("circuit", random_program(rng, length=16))])
        prepared = prepare(Given(program), LINE, RunOptions.of("tell", {**asked, "seed": seed}))
        telling = telling_of(prepared, Run.of(prepared), None)
        steps, bits = telling.scene.steps, telling.scene.compiled.circuit.clbits
        slowly = Replay(steps, bits)
        for time in sorted({complete for complete, _ in steps}):
            slowly.until(time)
        (values,), _, (chance,) = telling._values([0])
        assert slowly.state.chance(values) == pytest.approx(chance, rel=1e-9)
        at_once = Replay(steps, bits).until(float("inf"))
        for wire in range(telling.scene.compiled.circuit.num_qubits):
            for known in ({}, values):
                assert slowly.state.bloch(wire, known) == pytest.approx(at_once.bloch(wire, known), abs=1e-9)


def test_a_swap_on_the_chip_moves_what_is_said_of_a_qubit_with_it():
    """Three qubits that all meet need a SWAP on a line; without noise each keeps its own value through it."""
    alice, out = QuantumRegister(3, "alice"), ClassicalRegister(3, "out")
    circuit = QuantumCircuit(alice, out)
    circuit.x(alice[1])
    for a, b in ((0, 1), (1, 2), (2, 0), (1, 0), (0, 2), (2, 1)):
        circuit.cz(alice[a], alice[b])
        circuit.barrier()
    circuit.measure(alice, out)
    quiet = {"gates": False, "readout": False, "idle": False}
    program = qn.Program([qn.Item("circuit", circuit)])
    story = qn.tell(program, qn.line_device(3), noise=quiet, seed=1, shots=2, optimization_level=0)
    routing = [event for event in story.events if event.text.startswith("Routing")]
    assert len(routing) == 2
    said = [(each.time_s, [each.bloch["everyone"][k][2] for k in range(3)]) for each in story.moments[1:]]
    # Within a SWAP, whose gates are others on the device, the qubits are in superpositions.
    settled = [(time, [round(z) for z in vector]) for time, vector in said if min(map(abs, vector)) > 0.99]
    between = [time for time, _ in settled if routing[0].end_s < time < routing[1].time_s]
    assert between and all(vector == [1, -1, 1] for _, vector in settled)
    for event in story.events:
        assert event.kind != "measure" or dict(event.bits) == {
            f"out[{event.qubits[0]}]": int(event.qubits == (1,))
        }
