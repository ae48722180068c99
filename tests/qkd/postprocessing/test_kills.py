"""Kills of either party at random points: no byte serves twice, no key is given twice, and the pools are in step afterwards."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_at_random_points_use_nothing_twice(kills, tmp_path):
    command = [sys.executable, "-m", "tests.qkd.postprocessing.killing", str(tmp_path), str(kills), "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(
        r"(\d+) kills, (\d+) before the end; (\d+) keys, \d+ of sessions that were hit\n", done.stdout
    )
    assert int(found[1]) == kills and int(found[2]) > kills // 2 and int(found[3]) > kills
