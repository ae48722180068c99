"""A loopback stand-in of the IBM Quantum platform, which IBM's unmodified client talks to.

It speaks the platform's REST interface as far as this project's backends use it (accounts, processors, jobs of the
``executor`` program, tags, usage), runs jobs on Aer with the calibration of a stand-in device, and fails on demand: by HTTP
request (``Fault``) or by job (``JobFault``). It binds 127.0.0.1 only.

In process, as a fixture: ``PlatformServer``. As a process of its own, to outlive a client that is killed:
``python -m tests.platform --backend FakeTorino``, started by ``platform_process`` and steered through ``Control``.

Not modelled: priorities, sessions, batches, dry runs, server-side validation of circuits, and rate limits unless injected.
"""
