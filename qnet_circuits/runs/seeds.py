"""One seed for a run, and from it a stream of random numbers for each purpose."""

from __future__ import annotations

import numpy as np

#: Streams of random numbers of one run, each on its own.
PROGRAM, TRANSPILER, SIMULATOR, ANALYSIS, SURPLUS, SECRET = range(6)


def stream_seed(seed: int, stream: int, part: int = 0) -> int:
    """Return the seed of a named stream, or of a part of it; neighbouring seeds give unrelated streams."""
    key = (stream, part) if part else (stream,)
    words = np.random.SeedSequence(seed, spawn_key=key).generate_state(2, np.uint32)
    return (int(words[0]) << 30) ^ int(words[1])
