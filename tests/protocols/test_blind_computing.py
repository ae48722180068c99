"""Blind computing: programs are right, traps see what a server does, and the server sees nothing."""

import itertools
import json
import math

import networkx as nx
import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.programs.blind_rounds import Round
from qnet_circuits.theory import blind
from qnet_circuits.theory.blind import Graph
from qnet_circuits.theory.blindness import server_state, trace_distance

NOISE = qn.NoiseParameters()
SHAPES = [*(f"line:{n}" for n in range(2, 7)), *(f"brick:2x{n}" for n in range(3, 6))]


def exact(protocol, seed=1, **options):
    result = qn.run(protocol, "exact", seed=seed, **options)
    return {name: estimate.value for name, estimate in result.figures.items()}


def random_program(shape, rng):
    count = len(Graph.from_text(shape).measured)
    return qn.BlindComputing(graph=shape, angles=tuple(rng.integers(0, 8, count).tolist()), circuits=1)


def is_right(protocol, seed):
    found = exact(protocol, seed)
    assert found["fidelity"] == pytest.approx(1, abs=1e-9), protocol.id
    assert found["trap_failure"] == pytest.approx(0, abs=1e-9), protocol.id


# -- programs --------------------------------------------------------------------------------------------------------


#: A dozen that take no time; the larger ones are among the three hundred.
SMALL = (*SHAPES[:3], *SHAPES[:4], *SHAPES[1:4], "line:6", "brick:2x3")


@pytest.mark.parametrize("number", range(12))
def test_a_dozen_random_programs_are_right(number, rng):
    is_right(random_program(SMALL[number], rng), seed=number)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_three_hundred_random_programs_are_right(block, rng):
    for k in range(30):
        is_right(random_program(SHAPES[k % len(SHAPES)], rng), seed=1000 * block + k)


def test_a_line_is_one_qubit_in_time():
    made = blind.output_state(Graph(1, 4), (1, 3, 6))
    state = np.full(2, 2**-0.5, dtype=complex)
    for angle in (1, 3, 6):
        state = (
            np.array([[1, 1], [1, -1]])
            / math.sqrt(2)
            @ np.diag([1, np.exp(-1j * math.pi / 4 * angle)])
            @ state
        )
    assert np.allclose(made, np.outer(state, state.conj()))


def test_a_brick_entangles_its_two_lines():
    made = blind.output_state(Graph.from_text("brick:2x3"), (0, 0, 2, 2)).reshape(2, 2, 2, 2)
    one = np.einsum("ikjk->ij", made)
    assert np.trace(one @ one).real == pytest.approx(0.5)


def test_the_client_may_be_far_from_the_server():
    links = [qn.Link(pauli=(0.97, 0, 0, 0.03)), qn.Link(pauli=(0.95, 0, 0, 0.05))]
    network = qn.Network(
        ["home", "station", "cloud", "unused"],
        [("home", "station", links[0]), ("station", "cloud", links[1]), ("unused", "cloud", qn.Link())],
    )
    protocol = qn.BlindComputing(
        network=network.route("home", "cloud"), graph="line:2", angles=(3,), circuits=1
    )
    found, theory = exact(protocol), protocol.theory(NOISE)
    flip = 0.97 * 0.05 + 0.95 * 0.03
    assert theory["trap_failure"] == pytest.approx(flip)
    assert found == pytest.approx(theory, abs=1e-9)


def test_phase_flips_of_the_links_reach_theory():
    network = qn.Network.two_nodes(qn.Link(pauli=(0.94, 0, 0, 0.06)))
    for shape, angles in (("line:3", (1, 3)), ("brick:2x3", (0, 0, 2, 1))):
        protocol = qn.BlindComputing(network=network, graph=shape, angles=angles, circuits=1)
        assert exact(protocol) == pytest.approx(protocol.theory(NOISE), abs=1e-9)
    assert qn.BlindComputing(link_fidelity=0.9).theory(NOISE) == {}


# -- cheaters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "value"), [(0, 0.25), (0.1, 0.2222), (1 / 3, 0.125)])
def test_the_threshold_is_that_of_the_literature(error, value):
    assert blind.threshold(2, error) == pytest.approx(value, abs=5e-5)
    assert qn.BlindComputing(error=error).bounds["trap_failure"]["rejected"] == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize("qubit", [1, 4])
def test_one_flipped_result_fails_every_second_test_round(qubit):
    result = qn.run(
        qn.BlindComputing(graph="line:4", circuits=1, cheater=f"flip:{qubit}"), "exact", seed=qubit
    )
    assert result.trap_failure.value == pytest.approx(0.5, abs=1e-9)
    assert result.theory["trap_failure"] == 0.5
    assert result.fidelity.value == pytest.approx(result.theory["fidelity"], abs=1e-9)
    assert "0.5 of the test rounds failed" in result.refused


@pytest.mark.parametrize("qubit", [2, 3])
def test_a_wrong_angle_is_noticed_as_often_as_it_can_be(qubit):
    protocol = qn.BlindComputing(cheater=qn.TurningServer(qubit, 1.3), circuits=1)
    found, theory = exact(protocol), protocol.theory(NOISE)
    assert theory["trap_failure"] == pytest.approx(math.sin(1.3 * math.pi / 8) ** 2 / 2)
    assert found == pytest.approx(theory, abs=1e-9)


@pytest.mark.parametrize("qubit", [1, 2])
def test_a_wrong_angle_after_phase_flips_has_a_direction_in_the_first_column_alone(qubit):
    network = qn.Network.two_nodes(qn.Link(pauli=(0.9, 0, 0, 0.1)))
    protocol = qn.BlindComputing(network=network, circuits=1, cheater=f"rotate:{qubit}:1.3")
    assert exact(protocol) == pytest.approx(protocol.theory(NOISE), abs=1e-9)


def test_no_turn_of_one_qubit_spoils_more_than_tests_notice(rng):
    """A flip is caught in one of two test rounds, and nothing else at one qubit does more for the same risk."""
    graph, angles = Graph(1, 4), (1, 3, 5)
    for _ in range(200):
        turns = [blind.NO_TURN] * 4
        turns[rng.integers(4)] = ((1.0, rng.uniform(0, 2 * math.pi)),)
        spoiled = 1 - blind.fidelity(graph, angles, turns)
        assert spoiled <= 2 * blind.trap_failure(graph, turns) + 1e-9


def test_a_flipping_server_is_rejected_at_the_command_line(qnet):
    settings = ["--set", "graph=line:4", "--set", "cheater=flip:1", "--set", "circuits=1"]
    status, out, _ = qnet("run", "blind-computing", *settings, "--on", "exact", "--seed", 1, "--json")
    said = json.loads(out)
    assert status == 1 and "traps" in said["aborted"] and said["threshold"] == 0.25
    assert said["figures"]["trap_failure"]["value"] == pytest.approx(said["theory"]["trap_failure"])
    assert said["theory"]["trap_failure"] == 0.5


def test_a_turning_server_is_noticed_in_samples():
    protocol = qn.BlindComputing(graph="line:2", circuits=1, cheater="rotate:1:2")
    result = qn.run(protocol, shots=2000, seed=2, level=1 - 1e-6)
    assert result.theory["trap_failure"] == pytest.approx(0.25)
    assert 0.25 in result.trap_failure and result.theory["fidelity"] in result.fidelity


# -- what the server sees --------------------------------------------------------------------------------------------


def test_the_server_holds_the_same_state_whatever_the_program(rng):
    graphs = 0
    for graph in nx.graph_atlas_g():
        count = graph.number_of_nodes()
        if not 1 <= count <= 6 or not nx.is_connected(graph):
            continue
        graphs += 1
        told, results = rng.integers(0, 8, count), rng.integers(0, 2, count)
        one, other = (server_state(list(graph.edges), rng.integers(0, 8, count), told, results) for _ in "ab")
        dummies = rng.permutation(count)[: count // 2].tolist()
        test = server_state(list(graph.edges), [0] * count, told, results, dummies)
        assert max(trace_distance(one, other), trace_distance(one, test)) <= 1e-12
    assert graphs == 143


def test_a_server_that_was_told_the_secret_bit_would_see_the_program():
    """Without the client's random result, each angle that is told has a state of its own."""
    one = np.array([1, np.exp(1j * math.pi / 4 * (5 - 1))]) / math.sqrt(2)
    other = np.array([1, np.exp(1j * math.pi / 4 * (5 - 3))]) / math.sqrt(2)
    assert trace_distance(np.outer(one, one.conj()), np.outer(other, other.conj())) > 0.7


@pytest.mark.parametrize("angles", [(1, 1), (6, 3), (0, 7)])
@pytest.mark.parametrize("sign", [0, 1])
def test_the_angle_that_the_server_is_told_is_uniform_for_every_program(angles, sign):
    network, told = qn.Network.two_nodes(), []
    for secret, order in itertools.product(range(8), range(4)):
        drawn = Round(Graph(1, 3), network, [secret] * 3, [order] * 3, [0.0] * 3)
        both = [drawn.told(angles, qubit) for qubit in range(3)]
        told.append([each[(sign + order) % len(each)] for each in both])
    for qubit in range(3):
        assert sorted(each[qubit] for each in told) == sorted([*range(8)] * 4)


def test_the_server_cannot_tell_programs_or_rounds_apart_by_what_it_does():
    """A server that knows which rounds are tests cheats in the others: it must wait for the same bits in all."""
    did = set()
    for angles in ((1, 1, 1), (0, 2, 4), (2, 1, 0), (3, 6, 5)):
        program = qn.BlindComputing(graph="line:4", angles=angles, circuits=1).program(
            np.random.default_rng(3)
        )
        for item in program:
            server = next(register for register in item.circuit.qregs if register.name == "bob")
            steps = [
                (each.name, tuple(item.circuit.find_bit(bit).registers[0][0].name for bit in each.clbits))
                for each in item.circuit.data
                if {*each.qubits} <= {*server} and each.name != "rz"
            ]
            heard = {message.bit for message in program.messages[item.name] if message.target == "bob"}
            did.add((tuple(steps), frozenset(heard), len(item.tags["delta"])))
            away = [
                (int(a) - int(b)) % 8
                for a, b in zip(item.tags["delta"], item.tags["delta_if_1"], strict=True)
            ]
            assert {*away[1:3]} <= {2, 6} and away[0] == away[3] == 0
    assert len(did) == 1


@pytest.mark.parametrize("angles", [(1, 0), (1, 2), (1, 3)])
def test_the_choice_and_the_distance_of_the_two_angles_are_uniform(angles):
    seen = []
    for order in range(4):
        drawn = Round(Graph(1, 3), qn.Network.two_nodes(), [0] * 3, [order] * 3, [0.0] * 3)
        one, other = drawn.told(angles, 1)
        results = (0, 1) if angles[1] % 2 else (0, 0)
        seen += [((other - one) % 8, (result + order) % 2) for result in results]
    assert {each: seen.count(each) for each in itertools.product((2, 6), (0, 1))} == dict.fromkeys(
        itertools.product((2, 6), (0, 1)), 2
    )


def test_what_the_server_reads_is_uniform():
    protocol = qn.BlindComputing(angles=(3, 5), circuits=1)
    program = protocol.program(np.random.default_rng(4))
    computing, test = program.items[0], program.items[-1]
    own = [("result", 0), ("result", 1), ("result", 2)]
    seen = [(computing.name, [*own, ("delta", 0)]), (test.name, own)]
    figures = [
        qn.Figure(f"p{k}_{pattern}", qn.population(name, bits, [pattern]))
        for k, (name, bits) in enumerate(seen)
        for pattern in (format(value, f"0{len(bits)}b") for value in range(2 ** len(bits)))
    ]
    found = qn.run(qn.Program([computing, test], figures), "exact")
    for figure in figures:
        assert found[figure.name].value == pytest.approx(2.0 ** -len(figure.events[0].bits), abs=1e-12)


def test_a_curious_server_guesses_a_result_like_a_coin():
    protocol = qn.BlindComputing(angles=(1, 2), circuits=1, cheater="curious:2")
    assert exact(protocol) == pytest.approx({"fidelity": 1, "trap_failure": 0, "server_guess": 0.5}, abs=1e-9)
    assert protocol.bounds["server_guess"] == {"guessing": 0.5}


@pytest.mark.parametrize(("secret", "right"), [("0", 1), ("1", 0)])
def test_the_guess_is_right_for_whoever_knows_the_secret_bit(secret, right):
    """So the guess is one of the result, and the secret bit is all that hides it."""
    program = qn.BlindComputing(circuits=1, cheater="curious:1").program(np.random.default_rng(1))
    (guess,) = [each.expression for each in program.figures if each.name == "server_guess"]
    known = qn.Figure("known", qn.keep_if(guess, [("secret", 0)], [secret]))
    assert qn.run(qn.Program(program.items, [known]), "exact").known.value == pytest.approx(right, abs=1e-9)


def test_an_honest_server_keeps_no_record():
    program = qn.BlindComputing(circuits=1).program(np.random.default_rng(0))
    assert {name for item in program for name in item.widths} == {"secret", "result", "delta", "out"}


def test_the_client_sends_nothing_but_the_choice_between_two_angles():
    program = qn.BlindComputing(graph="brick:2x3", circuits=1).program(np.random.default_rng(0))
    for name, messages in program.messages.items():
        from_client = {message.bit for message in messages if message.source == "alice"}
        assert from_client == {"delta[0]", "delta[1]"}, name
    told = {said.bits for item in program for said in item.announced if said.source == "alice"}
    assert told == {20}


def test_both_orders_of_the_two_angles_are_drawn():
    program = qn.BlindComputing(angles=(0, 1), circuits=8).program(np.random.default_rng(0))
    tags = [item.tags for item in program if item.tags["round"] == "computation"]
    assert {(int(each["delta_if_1"][1]) - int(each["delta"][1])) % 8 for each in tags} == {2, 6}


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"graph": "line:7"}, "line:2 to line:6"),
        ({"graph": "brick:3x5"}, "brick:2x3 to brick:2x5"),
        ({"graph": 4}, "graph must be"),
        ({"angles": (1, 0.5)}, "whole number of π/4"),
        ({"angles": (1, math.pi / 4)}, "whole number of π/4"),
        ({"angles": (1,)}, "2 whole numbers"),
        ({"angles": "11"}, "2 whole numbers"),
        ({"angles": "1.5,1"}, "each angle is a whole number of π/4"),
        ({"angles": "nan,1"}, "each angle is a whole number of π/4"),
        ({"circuits": 0}, "circuits"),
        ({"error": 0.5}, "error"),
        ({"cheater": "flip:4"}, "1 to 3"),
        ({"cheater": "curious:3"}, "1 to 2"),
        ({"cheater": "rotate:1:fast"}, "number"),
        ({"cheater": "rotate:1:nan"}, "steps"),
        ({"cheater": "rotate:1:inf"}, "steps"),
        ({"network": qn.Network.star(3)}, "chain"),
    ],
)
def test_wrong_parameters_are_refused(given, said):
    with pytest.raises(qn.ParameterError, match=said):
        qn.BlindComputing(**given)


def test_angles_can_be_text_as_at_the_command_line():
    assert qn.BlindComputing(angles="1,-3") == qn.BlindComputing(angles=(1, -3))


def test_an_unknown_cheater_is_refused():
    with pytest.raises(qn.UnknownNameError, match="curious, flip, rotate"):
        qn.BlindComputing(cheater="alice")
