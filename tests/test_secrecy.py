"""Files that hold secrets are whole, new, and for their owner alone."""

import errno
import os
import stat

import pytest

from qnet_circuits.secrecy import write_secret


def test_a_secret_is_for_its_owner_and_overwrites_nothing(tmp_path):
    file = tmp_path / "secret"
    write_secret(file, b"first")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.read_bytes() == b"first"
    with pytest.raises(FileExistsError):
        write_secret(file, b"second")
    assert file.read_bytes() == b"first"


def test_a_disk_that_is_full_keeps_no_part_of_a_secret(tmp_path, monkeypatch):
    opened = os.fdopen

    def full(handle, mode):
        os.write(handle, b"a part")
        opened(handle, mode).close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space"):
        write_secret(tmp_path / "secret", b"a part and the rest")
    assert not list(tmp_path.iterdir())
