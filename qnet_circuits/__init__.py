"""Quantum-network protocols written once, and run exactly, on a noisy digital twin of a processor, and on the processor.

>>> import qnet_circuits as qn
>>> print(qn.run(qn.RepeaterChain(hops=2), shots=1000, seed=1).fidelity)
1.0000 [0.9982, 1.0000] (95 %)
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from qnet_circuits.version import VERSION

__version__ = VERSION

# The stub beside this file lists the public names. Each is looked up in its module on first use, so that importing the package
# stays quick.
_STUB = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_MODULE_OF = {name: module for module, name in re.findall(r"^from (\S+) import (\w+) as \2$", _STUB, re.M)}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _MODULE_OF[name] == __name__:
        return import_module(f"{__name__}.{name}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
