"""Bell pairs for circuits over several nodes, beside memq-dqc: its own circuits on its own networks.

memq-dqc depends on a package under the GPL, so it lives in an environment of its own, ``.venv-dqc``, and is asked in a
process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qiskit import qasm3

import qnet_circuits as qn
from benchmarks.measuring import Row

_ROOT = Path(__file__).parent.parent
PYTHON = _ROOT / ".venv-dqc" / "bin" / "python"
SCRIPT = Path(__file__).parent / "baselines" / "memq_pairs.py"
ABSENT = "not measured: memq-dqc 0.1.3 is not in .venv-dqc; make bench installs it"
CIRCUITS = (
    "qft_n4", "qft_n5", "qft_n10", "multiply_n13", "qft_n18", "qft_n20", "adder_n28", "qft_n29", "qft_n40", "qft_n60",
)  # fmt: skip
#: Seconds of the processor that a method of memq-dqc may take for a circuit and a network: usually, and in the long comparison.
SECONDS, LONG = 5, 120


@dataclass(frozen=True)
class Task:
    """A circuit, a network, and what the methods of memq-dqc need; None for one that was not done in time."""

    circuit: str
    qasm: str
    network: str
    nodes: Mapping[str, tuple[int, int]]
    links: tuple[tuple[str, str], ...]
    pairs: Mapping[str, int | None]

    @property
    def place(self) -> qn.Network:
        """The network: the data and the communication qubits of each node, and which nodes are linked."""
        nodes = [qn.Node(name, data=data, communication=spare) for name, (data, spare) in self.nodes.items()]
        return qn.Network(nodes, [(a, b, qn.Link()) for a, b in self.links])


def told(variant: str, seconds: int) -> Iterator[Task]:
    """Yield what memq-dqc needs, one circuit on one network after the other, and tell on stderr how far it is."""
    command = [str(PYTHON), str(SCRIPT), ",".join(CIRCUITS), variant, str(seconds)]
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            task = Task(**json.loads(line))
            print(
                f"{time.monotonic() - begin:6.0f} s: {task.circuit} on {task.network}",
                file=sys.stderr,
                flush=True,
            )
            yield task
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def ours(task: Task, rename_swaps: bool) -> int:
    """Return the pairs of the library's program, which is proven to be the circuit."""
    found = qn.distribute_circuit(qasm3.loads(task.qasm), task.place, rename_swaps=rename_swaps)
    found.verify()
    pairs: int = found.resources["bell_pairs"]
    return pairs


def rows_of(variant: str, seconds: int) -> list[Row]:
    """Return a row for each circuit and network: the library's pairs, at most those of the better of memq-dqc's methods.

    Where a method was not done in time, the better one is not known and there is no bar; where neither was, there is nothing to
    compare, and the library's pairs are not counted.
    """
    if not PYTHON.exists():
        return [Row("Bell pairs of circuits over several nodes", None, "pairs", None, ABSENT)]
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    found = []
    for task in told(variant, seconds):
        pairs = [each for each in task.pairs.values() if each is not None]
        late = f"not finished in {seconds} s"
        detail = "memq-dqc: " + ", ".join(
            f"{name} {late if n is None else n}" for name, n in task.pairs.items()
        )
        # How the qubits of a node are coupled, which ends the names of networks, matters to memq-dqc alone.
        key = task.circuit, task.network.rpartition("_")[0]
        if pairs and key not in seen:
            seen[key] = ours(task, False), ours(task, True)
        carried, renamed = seen[key] if pairs else (None, None)
        if pairs:
            detail = f"{renamed} with swaps renamed; {detail}"
        bar = min(pairs) if len(pairs) == len(task.pairs) else None
        found.append(Row(f"{task.circuit} on {task.network}", carried, "pairs", bar, detail))
    return found


def rows(repeats: int) -> list[Row]:
    """Compare all circuits on networks whose nodes couple all their qubits, with little time for memq-dqc."""
    return rows_of("a2a", SECONDS)


def all_rows(repeats: int) -> list[Row]:
    """Compare all circuits on all networks, with more time for memq-dqc."""
    return rows_of("", LONG)
