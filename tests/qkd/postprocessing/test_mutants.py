"""Faults that key distribution must not have, planted into a copy of the package: the tests that are named see each."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE, TESTS = "qnet_circuits", "tests"


@dataclass(frozen=True)
class Mutant:
    """A fault: texts that are replaced, as (module, old, new), and the tests that must see it, as "file::test".

    Modules and files without a folder are those of key distribution's classical half.
    """

    fault: str
    changes: tuple[tuple[str, str, str], ...]
    seen_by: tuple[str, ...]


def mutant(fault, *changes, by):
    within = tuple((located(module), old, new) for module, old, new in changes)
    return Mutant(fault, within, tuple(f"{located(file)}::test_{test}" for file, test in map(str.split, by)))


def located(name):
    """Return the path of a module or a file of tests within the package or its tests."""
    return f"{name if '/' in name else 'qkd/postprocessing/' + name}.py"


SETTLE = "self._account, self._rules, len(self._key), self._compared, self._told"
MUTANTS = [
    mutant(
        "forget the leak",
        ("party", SETTLE, SETTLE.replace("self._told", "0")),
        by=["test_session the_length_is_the_formula_of_what_was_said"],
    ),
    mutant(
        "forget the leak in the length alone",
        ("settling", "length, paid = math.floor(left),", "length, paid = math.floor(left + factor * told),"),
        by=["test_key_ledger settling_is_the_formula", "test_session both_end_with_the_same_key_and_account"],
    ),
    mutant(
        "forget the leak of searches",
        (
            "alice",
            "self._told += sum(len(one.places) for one in questions)",
            "self._told += sum(len(one.places) for one in questions) if not self._told else 0",
        ),
        ("bob", "self._told += count", "self._told += count if not self._told else 0"),
        by=["test_session the_length_is_the_formula_of_what_was_said"],
    ),
    mutant(
        "forget parities in the oracle",
        ("cascade", "self.told += sum(len(one.places) for one in questions)", "self.told += len(questions)"),
        by=["test_cascade no_errors_cost_one_parity_for_each_block_once"],
    ),
    mutant(
        "forget parities in the search",
        ("cascade", "leak += len(answers)", "leak += len(running)"),
        by=["test_cascade no_errors_cost_one_parity_for_each_block_once", "test_cascade long_frames"],
    ),
    mutant(
        "forget the number of parities",
        ("settling", '        ("parity count", sessions * counted, sessions * counted),\n', ""),
        by=["test_session the_length_is_the_formula_of_what_was_said"],
    ),
    mutant(
        "forget the tag of the verification",
        ("settling", '        ("verification", sessions * tag, sessions * shown),\n', ""),
        by=["test_session the_length_is_the_formula_of_what_was_said"],
    ),
    mutant(
        "keep the test bits",
        ("sifting", "bits[sample], bits[~sample]", "bits[sample], bits"),
        (
            "party",
            'self._account.spend("test bits", len(self._test), (1 + self._rules.sessions) * len(self._test))',
            "pass",
        ),
        by=[
            "test_session the_key_is_the_hash_of_the_untold_bits",
            "test_session the_length_is_the_formula_of_what_was_said",
            "test_sifting_estimation a_compared_bit_is_in_no_key",
        ],
    ),
    mutant(
        "keep compared bits of the key's basis",
        (
            "party",
            "self._test, self._key = split(sifted.bits, sample)",
            "self._test, self._key = sifted.bits[sample], sifted.bits[sifted.bases == self._rules.key_basis]",
        ),
        by=["test_session a_sample_of_the_key_is_compared_and_lost"],
    ),
    mutant(
        "ln for log2 in the entropy",
        ("theory/entropy", "weight * math.log2(weight)", "weight * math.log(weight)"),
        by=["test_rates bb84", "test_rates six_state", "test_finite_key values_of_the_formula"],
    ),
    mutant(
        "ln for log2 in the cost of hashing",
        ("finite_key", "-2 * math.log2(", "-2 * math.log("),
        by=["test_finite_key values_of_the_formula", "test_finite_key more_of_everything_helps_and_epsilons_cost"],
    ),
    mutant(
        "ln for log2 in the cost of the verification",
        ("finite_key", "1 - math.log2(", "1 - math.log("),
        by=["test_finite_key values_of_the_formula", "test_finite_key more_of_everything_helps_and_epsilons_cost"],
    ),
    mutant(
        "ln for log2 in the tag's length",
        ("toeplitz", "-math.log2(", "-math.log("),
        by=["test_toeplitz tag_length_and_constant_time", "test_toeplitz wrong_keys_pass_verification_as_rarely_as_stated"],
    ),
    mutant(
        "ln for log2 in the number of parities",
        ("settling", "math.log2(n + 1)", "math.log(n + 1)"),
        by=["test_key_ledger counts_cost_their_bits"],
    ),
    mutant(
        "log2 for ln in the sampling deviation",
        ("finite_key", "math.log(4 /", "math.log2(4 /"),
        by=["test_finite_key values_of_the_formula"],
    ),
    mutant(
        "the observed QBER in the bound",
        (
            "party",
            SETTLE,
            "self._account, __import__('dataclasses').replace(self._rules, "
            "tolerance=self.qber[self._rules.test_basis].value), len(self._key), self._compared, self._told",
        ),
        by=[
            "test_session what_was_observed_does_not_move_the_bound",
            "test_session the_length_is_the_formula_of_what_was_said",
        ],
    ),
    mutant(
        "a length that is variable follows from the tolerance",
        ("settling", 'if rules.length == "fixed" else min(0.5, errors / max(k, 1))', ""),
        by=[
            "test_variable_length every_length_is_the_formula_of_the_observed_rate_down_to_none",
            "test_variable_length sessions_end_with_the_length_of_the_test_bits_alone",
        ],
    ),
    mutant(
        "a guess of the rate in the bound",
        ("settling", "min(0.5, errors / max(k, 1))", "(errors + 1) / (k + 2)"),
        by=["test_variable_length an_observed_rate_that_is_the_tolerance_gives_the_fixed_length"],
    ),
    mutant(
        "a tolerance although the length is variable",
        ("comparing", 'if rules.length == "fixed":', "if True:"),
        by=["test_variable_length sessions_end_with_the_length_of_the_test_bits_alone"],
    ),
    mutant(
        "the bound of three bases where BB84's is better",
        ("settling", "if not third_basis_helps(", "if not (lambda *_: True)("),
        by=["test_six_state_session bb84s_bound_is_used_where_the_third_basis_does_not_help"],
    ),
    mutant(
        "the corrected errors do not enter the bound of three bases",
        ("settling", "    if wrong is None:", "    if True:"),
        by=["test_six_state_session both_pay_what_the_three_bases_leave_to_eve"],
    ),
    mutant(
        "two samples for the failure probability of one",
        ("six_state_key", "epsilon_secrecy / 2, chance", "epsilon_secrecy, chance"),
        by=["test_six_state_key each_sample_takes_half_of_the_failure_probability"],
    ),
    mutant(
        "parties need not agree on the kind of length",
        ("accounts", "repr(self).encode()", "repr(self).replace('variable', 'fixed').encode()"),
        by=["test_variable_length both_parties_need_the_same_kind_of_length"],
    ),
    mutant(
        "a rate that was changed on the way is believed",
        ("seals", "return check_tag(", "return True or check_tag("),
        by=["test_variable_length a_rate_that_was_changed_on_the_way_gives_nobody_a_key"],
    ),
    mutant(
        "no deviation of the sample in the bound",
        ("finite_key", " + sampling_deviation(n, k, epsilon_secrecy, chance)", ""),
        by=["test_finite_key values_of_the_formula", "test_session what_was_observed_does_not_move_the_bound"],
    ),
    mutant(
        "each side its own hash seed",
        (
            "bob",
            "self._distil(decode_bits(seed, seed_length(len(self._key), self._length)))",
            "self._distil(self._randomness.bits(seed_length(len(self._key), self._length)))",
        ),
        by=[
            "test_session both_end_with_the_same_key_and_account",
            "test_session bob_needs_nothing_but_his_record_and_what_is_said",
        ],
    ),
    mutant(
        "Alice hashes with another seed than she tells",
        ("alice", "self._distil(seed)", "self._distil(self._randomness.bits(len(seed)))"),
        by=[
            "test_session both_end_with_the_same_key_and_account",
            "test_session the_key_is_the_hash_of_the_untold_bits",
        ],
    ),
    mutant(
        "each side its own seed of the verification",
        (
            "bob",
            "decode_bits(seed, seed_length(len(self._key), width))",
            "self._randomness.bits(seed_length(len(self._key), width))",
        ),
        by=["test_session both_end_with_the_same_key_and_account"],
    ),
    mutant(
        "a hash seed for all sessions",
        (
            "alice",
            "seed = self._randomness.bits(seed_length(len(self._key), self._length))",
            "seed = np.ones(seed_length(len(self._key), self._length), np.uint8)",
        ),
        by=["test_secrets hash_seeds_are_fresh_in_every_session"],
    ),
    mutant(
        "a seed of the verification for all sessions",
        (
            "alice",
            "seed = self._randomness.bits(seed_length(len(self._key), tag_bits(epsilon)))",
            "seed = np.ones(seed_length(len(self._key), tag_bits(epsilon)), np.uint8)",
        ),
        by=["test_secrets hash_seeds_are_fresh_in_every_session"],
    ),
    mutant(
        "skip the verification",
        ("bob", "if not tags_agree(own, decode_bits(told, width)):", "if False:"),
        by=[
            "test_session frames_that_stay_wrong_are_refused",
            "test_session weak_correction_never_ends_in_two_keys",
        ],
    ),
    mutant(
        "return the key on an alarm",
        (
            "party",
            '        """End without a key."""\n',
            "        if self._final is not None:\n            return self._end()\n",
        ),
        by=["test_session bobs_refusal_of_alices_tag_drops_the_key_that_she_holds"],
    ),
    mutant(
        "a key before the last confirmation",
        ("alice", "self._end(HELD)", "self._end()"),
        by=[
            "test_survival the_loss_of_any_message_leaves_no_key_on_one_side_and_pools_that_go_on",
            "test_survival a_forged_verdict_changes_nothing",
        ],
    ),
    mutant(
        "a pool hands out a key before the last confirmation",
        (
            "key_pool",
            "return tuple(self._keys.values())",
            "return (*self._keys.values(), *([self.held.key] if self.held else []))",
        ),
        by=["test_survival the_loss_of_any_message_leaves_no_key_on_one_side_and_pools_that_go_on"],
    ),
    mutant(
        "any password is Bob's verdict",
        ("key_pool", "accepted = hmac.compare_digest(word, held.accepted)", "accepted = True"),
        by=["test_session bobs_refusal_of_alices_tag_drops_the_key_that_she_holds"],
    ),
    mutant(
        "a verdict that is wrong is a refusal",
        ("key_pool", "if not accepted and not hmac.compare_digest(word, held.refused):", "if False:"),
        by=["test_survival a_forged_verdict_changes_nothing"],
    ),
    mutant(
        "Bob forgets his verdict",
        ("key_pool", "self._verdicts = {key.session: words.accepted}", "self._verdicts.pop(key.session, None)"),
        by=["test_survival a_forged_verdict_changes_nothing"],
    ),
    mutant(
        "an offset that is written after use",
        (
            "key_pool",
            "whatever happens then, they are not taken again.\n        self._save()\n",
            "\n",
        ),
        by=["test_pool_file the_offset_is_on_disk_before_bytes_are_used"],
    ),
    mutant(
        "a pool that is not flushed",
        ("pool_file", "os.fsync(file.fileno())", "pass"),
        by=["test_pool_file a_change_reaches_the_disk_before_the_old_content_is_gone"],
    ),
    mutant(
        "a pool that others may read",
        ("pool_file", "if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:", "if False:"),
        by=["test_pool_file a_pool_is_its_owners_alone"],
    ),
    mutant(
        "Bob signs before Alice has the new stamp",
        ("bob", "seals, self._seals = self._seals, None", "seals = self._seals"),
        by=["test_survival two_copies_sign_nothing_with_one_key_wherever_a_session_was_cut"],
    ),
    mutant(
        "a pool does not go forward to the peer's offset",
        ("key_pool", "at, left = max(offset, self.used),", "at, left = self.used,"),
        ("key_pool", "        if offset > self.used:\n", "        if False:\n"),
        by=[
            "test_survival two_copies_sign_nothing_with_one_key_wherever_a_session_was_cut",
            "test_survival a_greeting_skips_a_few_sessions",
        ],
    ),
    mutant(
        "a greeting of before goes on",
        ("alice", "if self._pool.greeting is not self._greeted:", "if False:"),
        by=["test_survival only_the_latest_greeting_goes_on"],
    ),
    mutant(
        "Bob forgets the stamp that Alice may still have",
        ("bob", "self._start(agreed, agreed.stamp, agreed.before)", "self._start(agreed, agreed.stamp)"),
        by=["test_survival old_greetings_do_not_part_the_pools"],
    ),
    mutant(
        "any session may end with a key",
        ("key_pool", "if session != self._current:", "if False:"),
        by=[
            "test_survival a_late_tag_does_not_displace_a_key_that_is_held",
            "test_survival a_session_whose_refusal_was_told_is_not_accepted",
        ],
    ),
    mutant(
        "a skip without a bound",
        ("hello", "if abs(theirs - pool.used) > SKIP_SESSIONS * SESSION_BYTES:", "if False:"),
        by=["test_survival a_greeting_does_not_empty_a_pool"],
    ),
    mutant(
        "a pool goes on with its old stamp",
        ("key_pool", "self.stamps = list(stamps)", "pass"),
        ("key_pool", "self.stamps = [newest] if stamp == newest else [newest, stamp]", "pass"),
        by=["test_survival a_restored_backup_is_found_before_it_uses_a_byte"],
    ),
    mutant(
        "sessions without a key cost no epsilon",
        ("key_pool", "self.epsilon += epsilon\n        if self.owner", "if self.owner"),
        by=["test_survival all_sessions_add_to_epsilon_also_those_without_a_key"],
    ),
    mutant(
        "a session that has ended is reopened",
        ("alice", "if self.result is not None:\n                raise", "if False:\n                raise"),
        ("alice", "if self.result is None:\n            self._hear_earlier", "if True:\n            self._hear_earlier"),
        by=["test_survival no_message_reopens_a_session_that_ended"],
    ),
    mutant(
        "an alarm needs no tag",
        ("speaking", "return refusal if self.proven else", "return refusal if True else"),
        by=["test_bad_input an_alarm_that_alice_did_not_raise_leaves_her_no_key"],
    ),
    mutant(
        "a key and a reason",
        ("key_ledger", "if (self.key is None) == (self.reason is None):", "if False:"),
        by=["test_key_ledger results_are_a_key_or_a_reason"],
    ),
    mutant(
        "no alarm above the tolerance",
        ("comparing", "if rate.value > tolerance:", "if False:"),
        by=["test_session intercept_resend_gives_no_key", "test_session three_bases_are_all_compared"],
    ),
    mutant(
        "an alarm only if significantly above the tolerance",
        ("comparing", "if rate.value > tolerance:", "if rate.low > tolerance:"),
        by=[
            "test_sifting_estimation the_alarm_is_raised_by_one_error_too_many",
            "test_session a_session_ends_at_one_error_too_many",
        ],
    ),
    mutant(
        "one error too many passes",
        ("comparing", "if rate.value > tolerance:", "if rate.value - 1 / rate.n > tolerance:"),
        by=[
            "test_sifting_estimation the_alarm_is_raised_by_one_error_too_many",
            "test_session a_session_ends_at_one_error_too_many",
        ],
    ),
    mutant(
        "a run's secret of zeros",
        ("runs/directory", "secrets.token_bytes(size)", "bytes(size)"),
        by=["qkd/test_keys the_secret_of_each_run_is_its_own"],
    ),
    mutant(
        "counts on record are not paid for in the sample's margin",
        ("settling", "counts_chance(rounds, rules.public_counts)", "1.0"),
        by=["test_key_ledger counts_of_bits_that_are_on_record_are_paid_for"],
    ),
    mutant(
        "no readout is flipped back",
        ("qkd/rounds", "out[:, 0] ^ bool(setting.flip)", "out[:, 0]"),
        by=["qkd/test_keys a_noiseless_run_ends_in_a_key"],
    ),
    mutant(
        "Bob believes every tag",
        (
            "bob",
            'if not self._sealed().is_right(self._said("alice", but_last=1), tag):',
            'if not self._said("alice", but_last=1):',
        ),
        by=["test_session bobs_refusal_of_alices_tag_drops_the_key_that_she_holds"],
    ),
    mutant(
        "Alice believes every tag",
        (
            "alice",
            'if not self._sealed().is_right(self._said("bob", but_last=1), tag):',
            'if not self._said("bob", but_last=1):',
        ),
        by=["test_session alice_gives_no_tag_to_an_impostor"],
    ),
    mutant(
        "one key for two tags",
        ("key_pool", "self.used = at + SESSION_BYTES", "pass"),
        by=[
            "test_session authentication_is_paid_and_the_next_session_lives_of_it",
            "test_survival an_alarm_is_proven_even_if_the_conversation_was_changed",
        ],
    ),
    mutant(
        "authentication is not paid",
        ("settling", "net = length - paid - rules.fingerprint_bits", "net = length - rules.fingerprint_bits"),
        ("settling", 'account.spend("authentication", paid)', "pass"),
        by=["test_session authentication_is_paid_and_the_next_session_lives_of_it"],
    ),
    mutant(
        "parities that other members asked for are not paid",
        ("conference", "self._told = len(self._common.told)\n        super()._settle()", "super()._settle()"),
        by=["test_conference all_keys_are_equal_and_the_ledger_pays_once_for_the_union"],
    ),
    mutant(
        "tags of other sessions are not paid",
        ("settling", '("verification", sessions * tag,', '("verification", tag,'),
        by=["test_conference all_keys_are_equal_and_the_ledger_pays_once_for_the_union"],
    ),
    mutant(
        "a member keeps its key when another session fails",
        (
            "conference",
            "        for member in self.members:\n            member.prove()\n",
            "        for member in self.members:\n            member.finish()\n            if member.result.key is not None:\n"
            "                continue\n",
        ),
        by=["test_conference a_changed_message_of_one_session_leaves_nobody_with_a_key"],
    ),
    mutant(
        "tags leave out what was announced before",
        ("speaking", "before = [self.announced] if self.announced else []", "before = []"),
        by=["test_conference an_announcement_that_a_member_heard_otherwise_leaves_nobody_with_a_key"],
    ),
    mutant(
        "all pairs of a conference share the bits for authentication",
        ("party", "refills[self.place * paid : (self.place + 1) * paid]", "refills[:paid]"),
        by=["test_conference each_pair_gets_bits_of_its_own_for_the_next_authentication"],
    ),
    mutant(
        "the key is told before all rows are verified",
        ("conference", "if self._common.verified < self._rules.sessions:", "if False:"),
        by=["test_conference a_member_is_not_told_the_key_before_all_rows_are_verified"],
    ),
    mutant(
        "numpy's generator for secrets",
        ("randomness", "return os.urandom(count)", "return np.random.bytes(count)"),
        by=[
            "test_secrets no_secret_choice_uses_a_seeded_generator",
            "test_sifting_estimation randomness_comes_from_the_system_unless_seeded",
        ],
    ),
    mutant(
        "a product without its guard",
        ("toeplitz", "if not worst < TOLERANCE:", "if False:"),
        by=["test_toeplitz a_transform_that_is_not_exact_raises"],
    ),
    mutant(
        "no boundary between Alice and Bob",
        ("compiling/lowering", "self.done.append(fence(self.place[qubit], label))", "pass"),
        by=["qkd/test_keys matched_rounds_still_carry_a_superposition"],
    ),
    mutant(
        "a boundary that compilers do not see",
        (
            "compiling/building",
            "return CircuitInstruction(Barrier(1, label=_PREFIX + label), (qubit,))",
            "from qiskit.circuit.library import IGate\n\n    return CircuitInstruction(IGate(label=_PREFIX + label), (qubit,))",
        ),
        by=["qkd/test_keys matched_rounds_still_carry_a_superposition"],
    ),
    mutant(
        "a key served twice",
        ("qkd/delivery/database", "for other in set(audience.slaves) - {slave}:", "for other in audience.slaves:"),
        by=["qkd/delivery/test_store a_slave_gets_a_key_once_and_nobody_else_gets_it"],
    ),
    mutant(
        "accept a host without a certificate",
        ("qkd/hosts/tls", "context.verify_mode = ssl.CERT_REQUIRED", "context.verify_mode = ssl.CERT_OPTIONAL"),
        ("qkd/hosts/tls", "if not identity.trusts(secure):", "if False:"),
        by=["qkd/hosts/test_sessions strangers_are_sent_away_and_the_peer_is_still_welcome"],
    ),
    mutant(
        "accept a stranger's certificate",
        ("qkd/hosts/tls", "if not identity.trusts(secure):", "if False:"),
        by=["qkd/hosts/test_sessions an_authority_vouches_for_the_named_peer_alone"],
    ),
]  # fmt: skip


def mutated(text, changes):
    """Return a module's text with its changes, each of a place that is there once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def planted(one, package):
    """Write a mutant's modules into a copy of the package."""
    for module in {name for name, _, _ in one.changes}:
        file = package / module
        changes = [(old, new) for name, old, new in one.changes if name == module]
        file.write_text(mutated(file.read_text(), changes))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A copy of the package and of these tests, once for all mutants."""
    root = tmp_path_factory.mktemp("mutants")
    ignored = shutil.ignore_patterns("__pycache__", "test_mutants.py")
    for folder in (
        PACKAGE,
        "tests/qkd",
        "tests/protocols",
        "tests/platform",
        "tests/support",
        "tests/theory",
    ):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    for file in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py"):
        shutil.copy(ROOT / file, root / file)
    return root


def run_tests(root, names):
    """Run tests of a copy; return pytest's exit status and what it printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=line"]
    tests = [f"{TESTS}/{name}" for name in names]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*command, *tests], cwd=root, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: one.fault)
def test_faults_can_still_be_planted(one):
    for module in {name for name, _, _ in one.changes}:
        changes = [(old, new) for name, old, new in one.changes if name == module]
        compile(mutated((ROOT / PACKAGE / module).read_text(), changes), module, "exec")
    for name in one.seen_by:
        file, test = name.split("::")
        assert f"def {test}(" in (ROOT / TESTS / file).read_text()


@pytest.mark.slow
def test_a_copy_without_a_fault_passes(pristine):
    status, said = run_tests(pristine, sorted({name for one in MUTANTS for name in one.seen_by}))
    assert status == 0, said


@pytest.mark.slow
@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: one.fault)
def test_every_fault_is_seen(one, pristine, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(pristine, root)
    planted(one, root / PACKAGE)
    status, said = run_tests(root, one.seen_by)
    assert status == 1, said
    for name in one.seen_by:
        assert f"FAILED {TESTS}/{name}" in said, said
