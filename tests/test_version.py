"""The commit that a run's manifest names."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from qnet_circuits import version


def git(root, *command):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    said = subprocess.run(["git", "-C", root, *author, *command], env=plain, capture_output=True, check=True)
    return said.stdout.decode().strip()


def test_to_ask_for_the_commit_writes_nothing(tmp_path):
    file = tmp_path / "package/version.py"
    file.parent.mkdir()
    shutil.copy(version.__file__, file)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        git(tmp_path, *command)
    os.utime(file, (0, 0))  # Git sees that it must look at the file again, and would note that it did.
    index = Path(tmp_path, ".git/index").read_bytes()
    spec = importlib.util.spec_from_file_location("a_copy", file)
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    assert copy.source_revision() == git(tmp_path, "rev-parse", "HEAD")
    assert Path(tmp_path, ".git/index").read_bytes() == index
    file.write_text(file.read_text() + "\n")
    copy.source_revision.cache_clear()
    assert copy.source_revision().endswith(" with changes")
