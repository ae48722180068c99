"""A network that serves requests, one event at a time in whole ticks: an independent way to what `serve_requests` samples.

Every attempt of every link is an event, and so is every message. One tick is the time of light over one unit of length.
"""

import heapq
import itertools
import math

#: What happens first of the things that happen in one tick.
ATTEMPT, NEWS, GIVE_UP, ASK, LOOK = range(5)


class Wish:
    """A request: two ends, how many pairs, how long it waits for them, how good they must be, whether they are kept."""

    def __init__(self, a, b, pairs, patience=math.inf, least=0.0, asked=0, keep=False):
        self.ends, self.pairs, self.patience, self.least, self.asked, self.keep = (
            (a, b), pairs, patience, least, asked, keep,
        )  # fmt: skip


class Turn:
    """One pair in the making."""

    def __init__(self, wish, path):
        self.wish, self.path, self.dropped = wish, path, False
        self.made = {}
        self.swapped = {}
        self.heard = 0


class Day:
    """One round of a network.

    links: {frozenset of two nodes: (ticks of light from end to end, success of an attempt, Pauli weights)}
    memories: {node: how many}; nodes that are not there have no limit
    fading: (T1, T2) of every memory in ticks
    """

    def __init__(self, rng, links, memories, fading, wishes, routes, policy):
        self.rng, self.links, self.fading = rng, links, fading
        self.wishes, self.routes, self.policy = wishes, routes, policy
        self.free = dict(memories)
        self.heap, self.serial, self.now = [], itertools.count(), 0
        self.waiting, self.current = set(), {}
        self.count = [0] * len(wishes)
        self.turns = [0] * len(wishes)
        self.pairs = [[] for _ in wishes]
        self.end = [None] * len(wishes)
        self.quality = [0.0] * len(wishes)

    def at(self, tick, rank, what, *about):
        heapq.heappush(self.heap, (tick, rank, next(self.serial), what, about))

    def run(self):
        """Return for each wish the number of pairs, when it ended, and the sum of the fidelities."""
        for k, wish in enumerate(self.wishes):
            self.at(wish.asked, ASK, self.ask, k)
        while self.heap:
            self.now, _, _, what, about = heapq.heappop(self.heap)
            what(*about)
        return self.count, self.end, self.quality

    def ask(self, k):
        self.waiting.add(k)
        if self.wishes[k].patience < math.inf:
            self.at(self.now + self.wishes[k].patience, GIVE_UP, self.give_up, k)
        self.at(self.now, LOOK, self.look)

    def give_up(self, k):
        if self.end[k] is None:
            if k in self.current:
                self.stop(k)
            self.finish(k)

    def finish(self, k):
        """A wish is over: its kept pairs have aged until now."""
        self.waiting.discard(k)
        self.end[k] = self.now
        for weights, since in self.pairs[k]:
            if self.wishes[k].keep:
                for _ in range(2):
                    weights = faded(weights, self.now - since, *self.fading)
            self.quality[k] += weights[0]
        self.at(self.now, LOOK, self.look)

    def bill(self, k):
        """What a wish holds: two memories at each station, and one for each pair at ends that keep pairs."""
        path = self.routes[k]
        bill = dict.fromkeys(path[1:-1], 2)
        if self.wishes[k].keep:
            bill |= dict.fromkeys((path[0], path[-1]), self.wishes[k].pairs)
        return {node: number for node, number in bill.items() if node in self.free}

    def stop(self, k):
        self.current.pop(k).dropped = True
        for node, number in self.bill(k).items():
            self.free[node] += number

    def look(self):
        """Serve those that wait, in the order of the policy."""
        promised = {}
        for k in sorted(self.waiting, key=self.urgency):
            bill = self.bill(k)
            possible = all(self.free[node] - promised.get(node, 0) >= number for node, number in bill.items())
            for node, number in bill.items():
                if possible:
                    self.free[node] -= number
                else:
                    promised[node] = promised.get(node, 0) + number
            if possible:
                self.waiting.remove(k)
                self.start(k)

    def urgency(self, k):
        wish = self.wishes[k]
        first = {"first-come": 0, "deadline": wish.asked + wish.patience, "turns": self.turns[k]}[self.policy]
        return first, wish.asked, k

    def start(self, k):
        turn = self.current[k] = Turn(k, self.routes[k])
        for hop, pair in enumerate(itertools.pairwise(turn.path)):
            self.at(self.now + 2 * self.links[frozenset(pair)][0], ATTEMPT, self.attempt, turn, hop)

    def attempt(self, turn, hop):
        """An attempt ends: the photon has come to the far end and the answer back."""
        if turn.dropped:
            return
        light, success, _ = self.links[frozenset(turn.path[hop : hop + 2])]
        if self.rng.random() >= success:
            self.at(self.now + 2 * light, ATTEMPT, self.attempt, turn, hop)
            return
        turn.made[hop] = self.now
        if len(turn.path) == 2:
            self.deliver(turn)
        for station in (hop, hop + 1):
            if 0 < station < len(turn.path) - 1 and {station - 1, station} <= set(turn.made):
                turn.swapped[station] = self.now
                self.at(self.now + self.light(turn.path[: station + 1]), NEWS, self.hear, turn)
                self.at(self.now + self.light(turn.path[station:]), NEWS, self.hear, turn)

    def light(self, path):
        return sum(self.links[frozenset(pair)][0] for pair in itertools.pairwise(path))

    def hear(self, turn):
        """An end node hears of a swap; a pair is there when both have heard of all."""
        turn.heard += 1
        if not turn.dropped and turn.heard == 2 * (len(turn.path) - 2):
            self.deliver(turn)

    def deliver(self, turn):
        k = turn.wish
        wish, weights = self.wishes[k], self.state(turn)
        self.turns[k] += 1
        if weights[0] >= wish.least:
            self.count[k] += 1
            self.pairs[k].append((weights, self.now))
        if self.count[k] == wish.pairs:
            self.stop(k)
            self.finish(k)
        elif wish.keep:
            self.start(k)
        else:
            self.stop(k)
            self.waiting.add(k)
        self.at(self.now, LOOK, self.look)

    def state(self, turn):
        """The pair of a turn: links that are joined, after each of their halves has waited."""
        weights, last = (1.0, 0.0, 0.0, 0.0), len(turn.path) - 1
        for hop, made in turn.made.items():
            weights = joined(weights, self.links[frozenset(turn.path[hop : hop + 2])][2])
            for node in (hop, hop + 1):
                until = (
                    turn.swapped[node]
                    if 0 < node < last
                    else self.now
                    if self.wishes[turn.wish].keep
                    else made
                )
                weights = faded(weights, until - made, *self.fading)
        return weights


def joined(first, second):
    """Two Pauli errors after each other: I, X, Y, Z are 0, 1, 3, 2 as bits of X and Z."""
    bits, weights = (0, 1, 3, 2), [0.0] * 4
    for (i, p), (j, q) in itertools.product(enumerate(first), enumerate(second)):
        weights[bits.index(bits[i] ^ bits[j])] += p * q
    return tuple(weights)


def faded(weights, ticks, t1, t2):
    """A qubit that waits: relaxation, twirled, and dephasing."""
    flip = (1 - math.exp(-ticks / t1)) / 4
    phase = (1 - math.exp(-ticks / t2)) / 2 - flip
    return joined(weights, (1 - 2 * flip - phase, flip, flip, phase))


def all_paths(links, first, last):
    """Every way from node to node that meets no node twice."""
    ways, done = [(first,)], []
    while ways:
        way = ways.pop()
        if way[-1] == last:
            done.append(way)
            continue
        for link in links:
            if way[-1] in link and (onward := next(iter(link - {way[-1]}))) not in way:
                ways.append((*way, onward))
    return done


def quickest(links, first, last):
    """The path of the least sum of mean seconds of its links."""
    return min(
        all_paths(links, first, last),
        key=lambda way: sum(links[frozenset(p)][0] / links[frozenset(p)][1] for p in itertools.pairwise(way)),
    )
