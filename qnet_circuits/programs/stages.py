"""Qiskit's pass managers are made of Qiskit's own stages: those of other packages are not even loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from threading import RLock

from stevedore import ExtensionManager

_STAGES = ("init", "layout", "routing", "translation", "optimization", "scheduling")
#: What Qiskit finds belongs to the whole process.
_ONE_AT_A_TIME = RLock()


@contextmanager
def own_stages() -> Iterator[None]:
    """Let Qiskit find its own stages of compilation alone while a pass manager is made.

    Qiskit loads all stages that any package offers, also those that nobody names. IBM's client offers three, and to load it
    takes longer than all else that a run without noise takes. Another thread does not find the stages of other packages
    meanwhile.

    Example:
        >>> from qiskit.transpiler import generate_preset_pass_manager
        >>> with own_stages():
        ...     manager = generate_preset_pass_manager(1, basis_gates=["cx", "rz", "sx"])
        >>> manager.stages[:2]
        ('init', 'layout')
    """
    known = ExtensionManager.ENTRY_POINT_CACHE
    with _ONE_AT_A_TIME:
        before = {group: known.pop(group) for group in _own() if group in known}
        known.update(_own())
        try:
            yield
        finally:
            for group in _own():
                del known[group]
            known.update(before)


@cache
def _own() -> dict[str, list[EntryPoint]]:
    """Return Qiskit's own stages."""
    offered = entry_points()
    return {
        group: [each for each in offered.select(group=group) if each.module.partition(".")[0] == "qiskit"]
        for group in (f"qiskit.transpiler.{stage}" for stage in _STAGES)
    }
