"""A sweep on a Dask cluster: a worker that is killed in its midst costs time, and no row."""

import json
import os
import signal

import pytest

import qnet_circuits as qn

CHAINS = qn.grid(qn.RepeaterChain, hops=[1, 2], link_fidelity=[0.9, 0.92, 0.94, 0.96, 0.98, 1.0])


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_row(path):
    distributed = pytest.importorskip("distributed", reason="pip install 'qnet-circuits[cluster]'")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        workers = client.run(os.getpid)
        told = []

        def kill_one(done, total):
            told.append(done)
            if done == 2:
                os.kill(next(iter(workers.values())), signal.SIGKILL)

        rows = qn.sweep(
            CHAINS, "aer", path=path, executor=client.get_executor(), progress=kill_one, shots=500, seed=3
        )  # fmt: skip
        assert set(client.run(os.getpid).values()) != set(workers.values()), "no worker was killed"
    assert told == list(range(1, 13))
    ids = [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert sorted(ids) == sorted({row["id"] for row in rows}) and len(ids) == len(CHAINS)
