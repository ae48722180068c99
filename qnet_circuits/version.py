"""The version, said once for the package, and what else computes with it."""

from __future__ import annotations

from functools import cache

VERSION = "0.1.0"
#: The distributions that figures depend on; IBM's client does where it is used.
_COMPUTING = ("qiskit", "qiskit-aer", "stim", "numpy", "scipy", "rustworkx", "cotengra")
_CLIENT = "qiskit-ibm-runtime"


@cache
def versions(client: bool) -> dict[str, str]:
    """Return the versions of Python and of everything that computes, by the names of distributions.

    Args:
        client: Whether IBM's client is one of them.

    Example:
        >>> sorted(versions(client=False))[:3]
        ['cotengra', 'numpy', 'python']
    """
    import platform
    from importlib import metadata

    used = (*_COMPUTING, _CLIENT) if client else _COMPUTING
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in used}}


@cache
def source_revision() -> str | None:
    """Return the commit of the working copy that the package runs from, and whether its files were changed since.

    None for a package that was installed, where the version says all, or without git.
    """
    import os
    import subprocess
    from pathlib import Path

    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    # Without optional locks Git writes nothing: its user may be in the middle of a commit.
    git = ["git", "--no-optional-locks", "-C", str(root)]
    command = [*git, "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    # Git's own variables, which are set inside of its hooks, may mean another repository.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        said = subprocess.run(
            command, env=plain, capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    head, *lines = said.splitlines()
    changed = any(not line.startswith("#") for line in lines)
    return head.removeprefix("# branch.oid ") + (" with changes" if changed else "")
