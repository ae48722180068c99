"""Two processes with pools on disk, of which one is killed at a random point; again and again.

    python -m tests.qkd.postprocessing.killing FOLDER KILLS SEED

Each process writes what it uses into files beside its pool, and flushes them before the use: the bytes of the pool, each tag's
key with what it signed, each password that is revealed, and each key that is handed over. After each kill follows an honest
session.
"""

import os
import random
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from qnet_circuits.qkd.postprocessing import seals
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BYTES
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.pool_state import STAMP_BYTES
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.postprocessing.wire import Connection

RULES = SessionParameters(tolerance=0.0, epsilon_secrecy=0.1, epsilon_correctness=1e-3, fingerprint_bits=8)
OWNERS = ("alice", "bob")
#: Sessions before the first kill. The shortest tells how long one lasts: the others also wait for what else runs.
UNHURT = 3


def note(path, *words):
    """Add a line to a file, and flush it to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
    os.fsync(descriptor)
    os.close(descriptor)


def lines(path):
    return [tuple(line.split()) for line in path.read_text().splitlines()] if path.exists() else []


def watched(folder, owner):
    """Write down what a process uses of its pool, before it uses it."""
    begin, make_tag, verdict = KeyPool.begin, seals.make_tag, KeyPool.verdict

    def beginning(pool, *given):
        keys = begin(pool, *given)
        note(folder / f"{owner}.used", pool.used - SESSION_BYTES, keys.tag_keys["bob"].hex())
        return keys

    def signing(key, said):
        note(folder / f"{owner}.signed", key.hex(), said.hex())
        return make_tag(key, said)

    def telling(pool, session):
        word = verdict(pool, session)
        note(folder / f"{owner}.told", session, word.hex())
        return word

    KeyPool.begin, seals.make_tag, KeyPool.verdict = beginning, signing, telling


def record(seed):
    """What both parties measured where there are no errors."""
    return PartyRecord(*np.random.default_rng(seed).integers(0, 2, (2, 3000), np.uint8))


def take_part(folder, owner, stream, seed):
    """Be one party of a session, and hand over all keys that became usable."""
    watched(folder, owner)
    with KeyPool.open(folder / f"{owner}.pool") as pool:
        there = Connection(stream)
        if owner == "bob":
            Bob(record(seed), RULES, pool).run(there)
        else:
            with suppress(OSError):
                there.serve(Alice(record(seed), RULES, pool).answer)
        there.close()
        for key in pool.collect():
            note(folder / f"{owner}.keys", key.session, key.key.to_bytes().hex())
            pool.release(key.session)


def start(folder, seed):
    """Start both parties, and return their process ids."""
    ends, children = socket.socketpair(), []
    for owner, end in zip(OWNERS, ends, strict=True):
        child = os.fork()
        if child == 0:
            ends[owner == "alice"].close()
            take_part(folder, owner, end, seed)
            os._exit(0)
        children.append(child)
    for end in ends:
        end.close()
    return children


def wait(children):
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def state(folder):
    """What both pools must have alike."""
    found = []
    for owner in OWNERS:
        with KeyPool.open(folder / f"{owner}.pool") as pool:
            plain = pool._to_dict()
            found.append([plain[name] for name in ("used", "first", "secret", "stamps", "held")])
    return found


def check(folder):
    """Raise an error if a one-time key or a password served twice, or a key was given twice or to one party alone."""
    for owner in OWNERS:
        used = lines(folder / f"{owner}.used")
        assert len({at for at, _ in used}) == len({key for _, key in used}) == len(used), (
            "bytes were used twice"
        )
        signed = lines(folder / f"{owner}.signed")
        assert len({key for key, _ in signed}) == len(signed), "a one-time key signed twice"
        told = set(lines(folder / f"{owner}.told"))
        assert len({session for session, _ in told}) == len(told), "two verdicts were told on one session"
        keys = set(
            lines(folder / f"{owner}.keys")
        )  # after a crash between the two steps the same key comes again
        assert len({session for session, _ in keys}) == len({key for _, key in keys}) == len(keys), (
            "a key came twice"
        )
    given = [set(lines(folder / f"{owner}.keys")) for owner in OWNERS]
    assert given[0] == given[1], "a key is on one side alone"
    return len(given[0])


def timed(folder, seed):
    """Return the seconds of a session that nobody disturbs."""
    began = time.monotonic()
    assert wait(start(folder, seed)) == [0, 0]
    return time.monotonic() - began


def main(folder, kills, seed):
    chance, count = random.Random(seed), 0
    secret = os.urandom(STAMP_BYTES + (2 * kills + 8) * SESSION_BYTES)
    for owner in OWNERS:
        KeyPool.create(folder / f"{owner}.pool", secret, owner).close()
    Session(record(0), record(0), RULES).run()  # imports what each child would import again
    lasts = min(timed(folder, 10**6 + k) for k in range(UNHURT))
    hurt = 0
    for turn in range(kills):
        children = start(folder, 2 * turn + 1)
        time.sleep(chance.uniform(0, 1.3 * lasts))
        victim = chance.randrange(2)
        os.kill(children[victim], signal.SIGKILL)
        codes = wait(children)
        assert codes[1 - victim] == 0 and codes[victim] in (0, -signal.SIGKILL), codes
        hurt += codes[victim] != 0
        assert wait(start(folder, 2 * turn + 2)) == [0, 0]
        alice, bob = state(folder)
        assert alice == bob, "the pools are not in step"
        now = check(folder)
        assert now > count, "the honest session made no key"
        count = now
    print(
        f"{kills} kills, {hurt} before the end; {count} keys, {count - kills - UNHURT} of sessions that were hit"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
