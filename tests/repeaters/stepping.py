"""A chain of links, one attempt after another and one round at a time: an independent way to what schedules sample."""

from itertools import pairwise


def spans_of(links, swapping):
    """Return for each station, by its left neighbour's number, the segment that it completes."""
    if swapping == "asap":
        return {station: None for station in range(1, links)}
    spans, todo = {}, [(0, links)]
    while todo:
        low, high = todo.pop()
        if high - low > 1:
            middle = (low + high) // 2
            spans[middle] = (low, high)
            todo += [(low, middle), (middle, high)]
    return spans


def one_round(rng, p, links, swapping="asap", swap_success=1.0, cutoff=None):
    """Return attempts until the ends share a pair, and the storage of all stations together in attempts.

    The state is a list of segments (first node, last node, the storage paid so far, since when the qubits of its ends wait).
    """
    spans = spans_of(links, swapping)
    segments = []
    step = 0
    while True:
        step += 1
        covered = {link for low, high, *_ in segments for link in range(low, high)}
        for link in range(links):
            if link not in covered and rng.random() < p:
                segments.append((link, link + 1, 0, {link: step, link + 1: step}))
        segments.sort()
        while (found := find_swap(segments, spans)) is not None:
            left, right, station = found
            segments.remove(left)
            segments.remove(right)
            if rng.random() < swap_success:
                paid = left[2] + right[2] + 2 * step - left[3][station] - right[3][station]
                segments.append(
                    (left[0], right[1], paid, {left[0]: left[3][left[0]], right[1]: right[3][right[1]]})
                )
                segments.sort()
        if segments and segments[0][:2] == (0, links):
            return step, segments[0][2]
        if cutoff is not None:
            segments = [s for s in segments if not too_old(s, step, cutoff, links)]


def find_swap(segments, spans):
    for left, right in pairwise(segments):
        station = left[1]
        if station == right[0] and (spans[station] is None or spans[station] == (left[0], right[1])):
            return left, right, station
    return None


def too_old(segment, step, cutoff, links):
    """Tell whether a qubit at a station has waited for ``cutoff`` attempts in vain; the end nodes do not wait."""
    return any(step - since >= cutoff for node, since in segment[3].items() if 0 < node < links)
