"""Processes that give keys and are killed at any time: no key is given twice."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.qkd.delivery.stock import ONE, numbered, numbers, pair

#: Takes keys at A and fetches them at B, for ever. A key is given as soon as it is returned, and is written at once.
GIVING = """
import os, sys
from pathlib import Path
from tests.qkd.delivery.stock import ONE, numbered, pair
a, b = pair(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    os.write(1, f"adding {number}\\n".encode())
    for store in (a, b):
        store.add(f"session {number}", numbered(100 * number, 100), 1e-10)
    number += 1
    for _ in range(min(3, a.left(32, "app-a"))):
        [key] = a.take(ONE, 1, 32)
        os.write(1, f"took {key.key.hex()} {key.key_id}\\n".encode())
        [same] = b.fetch("app-a", "app-b", ("app-b",), [key.key_id])
        os.write(1, f"got {same.key.hex()} {same.key_id}\\n".encode())
"""


def killed(base, number, lines):
    """Start a process, kill it some time after it has written some lines, and return what it wrote."""
    process = subprocess.Popen([sys.executable, "-c", GIVING, str(base), str(number)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = b"".join(process.stdout.readline() for _ in range(lines))
    time.sleep(random.uniform(0, 0.01))
    os.kill(process.pid, signal.SIGKILL)
    told += process.stdout.read()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return [line.decode().split() for line in told.splitlines(keepends=True) if line.endswith(b"\n")]


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_no_key_is_given_twice(tmp_path, kills):
    told, number = [], 0
    for _ in range(kills):
        told += killed(tmp_path, number, random.randint(1, 12))
        # The killed process may have added this session at both hosts, at one of them, or not.
        number = max(int(line[1]) for line in told if line[0] == "adding")
    a, b = pair(tmp_path)
    for store in (a, b):
        store.add(f"session {number}", numbered(100 * number, 100), 1e-10)
    left = a.take(ONE, a.left(32, "app-a"), 32)
    found = b.fetch("app-a", "app-b", ("app-b",), [key.key_id for key in left])
    took, got = (
        [(bytes.fromhex(line[1]), line[2]) for line in told if line[0] == word]
        + [(key.key, key.key_id) for key in rest]
        for word, rest in (("took", left), ("got", found))
    )
    assert len(set(numbers(key for key, _ in took))) == 8 * len(took) > 8 * kills
    assert len({name for _, name in took}) == len(took)
    assert len(set(got)) == len(got) and set(got) <= set(took)
