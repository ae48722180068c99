"""Run the platform as a process of its own: ``python -m tests.platform --backend FakeTorino``; it prints its address."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from tests.platform.server import PlatformServer


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.platform", description=__doc__)
    parser.add_argument(
        "--backend", action="append", help="class name of a stand-in device; several times for several"
    )
    parser.add_argument("--ideal", action="store_true", help="processors without errors")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--directory", type=Path, help="where jobs are kept")
    parser.add_argument("--queue-seconds", type=float, default=0.0)
    parser.add_argument("--run-seconds", type=float, default=0.0)
    parser.add_argument("--max-pending", type=int)
    given = vars(parser.parse_args())
    backends = given.pop("backend") or ["FakeManilaV2"]
    with PlatformServer(backends, noisy=not given.pop("ideal"), **given) as platform:
        print(platform.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
