"""Bell pairs for circuits over several nodes, beside memq-dqc: its own circuits on its own networks.

memq-dqc depends on a package under the GPL, so it lives in an environment of its own, ``.venv-dqc``, and is asked in a
process of its own.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qiskit import qasm3

import qnet_circuits as qn
from benchmarks.measuring import Row

_ROOT = Path(__file__).parent.parent
PYTHON = _ROOT / ".venv-dqc" / "bin" / "python"
SCRIPT = Path(__file__).parent / "baselines" / "memq_pairs.py"
ABSENT = "not measured: memq-dqc 0.1.3 is not in .venv-dqc; make bench installs it"
#: What memq-dqc does in a minute, and what takes it many.
QUICK = ("qft_n4", "qft_n5", "qft_n10", "multiply_n13", "adder_n28")
LONG = ("qft_n18", "qft_n20", "qft_n29", "qft_n40")


@dataclass(frozen=True)
class Task:
    """A circuit, a network, and what memq-dqc needs."""

    circuit: str
    qasm: str
    network: str
    nodes: Mapping[str, tuple[int, int]]
    links: tuple[tuple[str, str], ...]
    pairs: Mapping[str, int]

    @property
    def place(self) -> qn.Network:
        """The network: the data and the communication qubits of each node, and which nodes are linked."""
        nodes = [qn.Node(name, data=data, communication=spare) for name, (data, spare) in self.nodes.items()]
        return qn.Network(nodes, [(a, b, qn.Link()) for a, b in self.links])


def told(circuits: Sequence[str], variant: str = "") -> Iterator[Task]:
    """Yield what memq-dqc needs, one circuit on one network after the other."""
    command = [str(PYTHON), str(SCRIPT), ",".join(circuits), variant]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Task(**json.loads(line))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def ours(task: Task, rename_swaps: bool) -> int:
    """Return the pairs of the library's program, which is proven to be the circuit."""
    found = qn.distribute_circuit(qasm3.loads(task.qasm), task.place, rename_swaps=rename_swaps)
    found.verify()
    pairs: int = found.resources["bell_pairs"]
    return pairs


def rows_of(circuits: Sequence[str], variant: str = "") -> list[Row]:
    """Return a row for each circuit and network: the library's pairs, at most those of the better of memq-dqc's methods."""
    if not PYTHON.exists():
        return [Row("Bell pairs of circuits over several nodes", None, "pairs", None, ABSENT)]
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    found = []
    for task in told(circuits, variant):
        # How the qubits of a node are coupled, which ends the names of networks, matters to memq-dqc alone.
        key = task.circuit, task.network.rpartition("_")[0]
        if key not in seen:
            seen[key] = ours(task, False), ours(task, True)
        carried, renamed = seen[key]
        methods = ", ".join(f"{method} {pairs}" for method, pairs in task.pairs.items())
        detail = f"{renamed} with swaps renamed; memq-dqc: {methods}"
        name = f"{task.circuit} on {task.network}"
        found.append(Row(name, carried, "pairs", min(task.pairs.values()), detail))
    return found


def rows(repeats: int) -> list[Row]:
    """Compare the quick circuits on networks whose nodes couple all their qubits."""
    return rows_of(QUICK, "a2a")


def all_rows(repeats: int) -> list[Row]:
    """Compare the quick and the long circuits on all networks."""
    return rows_of(QUICK + LONG)
