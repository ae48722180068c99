"""Every plot of the library with the code that draws it: the page of the site, and ``make gallery``."""

from __future__ import annotations

import html
import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib import pyplot

import qnet_circuits as qn


class Entry(NamedTuple):
    """A plot.

    Args:
        name: The name of its file.
        title: Its title.
        sentence: What it shows.
        code: The code that draws it, and leaves the axes as ``ax``.
    """

    name: str
    title: str
    sentence: str
    code: str

    def draw(self):
        """Run the code, and return the axes."""
        given = {}
        exec(compile(self.code, self.name, "exec"), given)
        return given["ax"]


def _entry(name, title, sentence, code):
    return Entry(name, title, sentence, f"import qnet_circuits as qn\n\n{code.strip()}\n")


ENTRIES = (
    _entry(
        "network",
        "A network",
        "Nodes are discs, and the number F beside a link is the fidelity of its pairs.",
        """
links = [qn.Link(fidelity=fidelity) for fidelity in (0.97, 0.95, 0.99)]
ax = qn.plot_network(qn.Network.chain(3, links))
""",
    ),
    _entry(
        "long-network",
        "A long chain",
        "A chain that is too long for one row goes on in the next.",
        """
ax = qn.plot_network(qn.Network.chain(30, qn.Link(fidelity=0.97)))
""",
    ),
    _entry(
        "circuit",
        "The circuit of a protocol",
        "Bands are nodes, orange zigzags are Bell pairs, and dashed blue arrows are classical messages.",
        """
ax = qn.Teleportation().draw()  # qn.plot_circuit of its first circuit
""",
    ),
    _entry(
        "long-circuit",
        "The circuit of a long chain",
        "One row stands for all stations that do the same.",
        """
ax = qn.RepeaterChain(hops=100).draw(item="zz")
""",
    ),
    _entry(
        "timeline",
        "A circuit in time",
        "Bob waits for the bits of all stations: 1.5 µs of latency after their measurements.",
        """
compiled = qn.compile(qn.RepeaterChain(hops=30), "aer:fake_torino", corrections="feedforward")
ax = qn.plot_timeline(compiled)
""",
    ),
    _entry(
        "sent-qubit",
        "A qubit that is sent",
        "In BB84 one qubit of the device is first Alice's and then Bob's.",
        """
compiled = qn.compile(qn.BB84(), "aer:fake_kingston")
ax = qn.plot_timeline(compiled, item="x1_x")
""",
    ),
    _entry(
        "story",
        "One shot in space and time",
        "Time runs downwards, and messages take as long as the latency.",
        """
story = qn.tell(qn.Teleportation(), "aer:fake_kingston", corrections="feedforward", seed=1, shot=6)
ax = qn.plot_story(story)
""",
    ),
    _entry(
        "result",
        "A result beside its control experiments",
        "Without the message, Bob's fidelity is that of a coin.",
        """
result = qn.run(qn.Teleportation(), "stim:fake_kingston", shots=1000, seed=1, controls=True)
ax = qn.plot_result(result)
""",
    ),
    _entry(
        "fidelity-against-hops",
        "Fidelity against hops, with the message waited for and without",
        "Both modes of correction on the same qubits of a processor's twin, with 95 % bands and predictions. The formula knows "
        "the gates and readouts of the swaps, at the medians of the calibration, and nothing of waiting.",
        """
from qnet_circuits.theory.swapping import chain_fidelity

device, rows = qn.stand_in_device("fake_kingston"), []
for hops in (1, 2, 4, 8, 16, 30):
    chain, given = qn.RepeaterChain(hops=hops), {"shots": 2000, "seed": hops}
    frame = qn.run(chain, "stim:fake_kingston", corrections="frame", **given)
    qubits = frame.provenance["layout"][0]
    rows += [frame, qn.run(chain, "stim:fake_kingston", corrections="feedforward", layout=qubits, **given)]
medians = device.summary()["medians"]
gate, readout = medians["two_qubit_error"], medians["readout_error"]
ax = qn.plot_series(
    rows, x="hops", by="corrections", theory=lambda hops: chain_fidelity(1 - gate, hops, 1 - 4 / 3 * gate, 1 - readout)
)
""",
    ),
    _entry(
        "error-rate-against-interception",
        "Error rate against interception",
        "An eavesdropper who intercepts a share f of the pulses causes errors in f/4 of the sifted bits, and a noisy "
        "processor adds its own.",
        """
shares, rows = [0, 0.1, 0.2, 0.4, 0.6, 0.8, 1], []
for backend in ("ideal", "aer:fake_manila"):
    for seed, share in enumerate(shares):
        protocol = qn.BB84(pulses=20_000, eve=qn.InterceptResend(share))
        rows.append(qn.run(protocol, backend, seed=seed))
ax = qn.plot_series(rows, x="eve", y="qber", by="backend")
ax.set_xlabel("share of pulses that Eve intercepts")
""",
    ),
    _entry(
        "bits-of-single-photons",
        "Bits of single photons against distance",
        "Some pulses of a laser have several photons. The counts of three intensities prove how many bits of the key came from "
        "single photons at least.",
        """
rows = []
for length in (0, 2, 4, 6, 8, 10):
    laser = qn.BB84(decoy=True, pulses=1_000_000, detector_efficiency=0.6, length_km=length)
    rows.append(qn.run(laser, seed=length))
ax = qn.plot_series(rows, x="length_km", y="single_photon_bound")
ax.set_xlabel("kilometres of fibre")
""",
    ),
    _entry(
        "estimates",
        "Estimates against a number",
        "Values that come from anywhere, with their intervals and a formula.",
        """
fidelities = [0.8, 0.85, 0.9, 0.95, 1.0]
found = [qn.run(qn.Teleportation(link_fidelity=f), shots=500, seed=1).fidelity for f in fidelities]
ax = qn.plot_estimates(
    fidelities, found, theory=[(2 * f + 1) / 3 for f in fidelities], bounds={"without entanglement": 2 / 3},
    xlabel="fidelity of the link", ylabel="fidelity of teleportation",
)
""",
    ),
    _entry(
        "budget",
        "An error budget",
        "Each bar ends at the fidelity that is left if its source is the only one.",
        """
budget = qn.error_budget(qn.RepeaterChain(hops=30), "fake_kingston", corrections="feedforward")
ax = qn.plot_budget(budget)
""",
    ),
    _entry(
        "links",
        "The links of a chip, and the place of a run",
        "Colours are Bell fidelities, crosses failed calibrations, and black discs the qubits of a chain.",
        """
links = qn.predict(qn.LinkBenchmark(), "fake_torino")
ax = qn.plot_links(links, placed=qn.predict(qn.RepeaterChain(hops=10), "fake_torino"))
""",
    ),
    _entry(
        "placement",
        "The place of a circuit",
        "Each node has a colour; orange couplings carry the links.",
        """
compiled = qn.compile(qn.RepeaterChain(hops=3), "aer:fake_guadalupe")
ax = qn.plot_placement(compiled)
""",
    ),
    _entry(
        "copies",
        "Copies of a program on one chip",
        "Each copy has the colour of its fidelity.",
        """
result = qn.predict(qn.RepeaterChain(hops=1), "fake_guadalupe", copies="max")
ax = qn.plot_copies(result)
""",
    ),
    _entry(
        "gains",
        "Where distillation pays",
        "A coupling has the colour of what distilling gains there.",
        """
ax = qn.plot_gains(qn.predict(qn.DistillationMap(link_fidelity=0.85), "fake_guadalupe"))
""",
    ),
    _entry(
        "density-matrix",
        "A density matrix",
        "The area of a square is the size of an entry, and its colour the phase.",
        """
ax = qn.plot_density_matrix(qn.predict(qn.StateTomography(link_fidelity=0.9)))
""",
    ),
    _entry(
        "ledger",
        "Where the bits of a key go",
        "From the sifted bits to the net key, cause by cause.",
        """
ax = qn.plot_ledger(qn.run(qn.BB84(pulses=60_000), "aer:fake_boston", seed=3))
""",
    ),
    _entry(
        "rates",
        "Repeaters against distance",
        "Secret bits per use of the fibre, beside the bound that nothing without a station exceeds.",
        """
link = qn.Link(length_km=1, scheme="sender", efficiency=0.5)
table = qn.rates_over_distance(range(50, 401, 50), [0, 1, 3], link, memory_t2=1.0, rounds=500, seed=1)
ax = qn.plot_rates(table)
""",
    ),
    _entry(
        "requests",
        "What users of a network get",
        "Two policies serve the same requests.",
        """
star = qn.Network.star(4, qn.Link(length_km=10, scheme="sender"))
asked = [qn.Request("party1", "party2", pairs=3), qn.Request("party1", "party3"), qn.Request("party3", "party4")]
policies = ("first-come", "turns")
found = {policy: qn.serve_requests(star, asked, policy=policy, rounds=500, seed=1) for policy in policies}
ax = qn.plot_requests(found, "latency_s")
""",
    ),
    _entry(
        "break-even",
        "Where encoding pays",
        "The line parts the fields in which encoded links are the best of three ways.",
        """
noise = qn.NoiseParameters(gate_error=0.01, readout_error=0.01)
places = qn.break_even([1, 2, 4, 8], [0.25, 0.5, 1, 2], qn.Link(0.98).weights, noise)
ax = qn.plot_break_even(places, "pairs")
""",
    ),
)


def page():
    """Return the page of the site; it runs the code."""
    run = "mystnb:\n  execution_mode: force\n"
    head = f"---\nfile_format: mystnb\nkernelspec:\n  name: python3\n  display_name: Python 3\n{run}---\n"
    intro = (
        "# Gallery\n\nEvery plot takes `ax=`, returns the Matplotlib axes, and says in words what it shows: "
        "`qn.alt_text(ax)`. `make gallery` draws all of them into files.\n"
    )
    return "\n".join([head + intro, *map(_section, ENTRIES)])


def _section(entry):
    alt = entry.sentence.replace('"', "'")
    setting = f'---\nmystnb:\n  image:\n    alt: "{alt}"\n---\n'
    return f"## {entry.title}\n\n{entry.sentence}\n\n```{{code-cell}} python\n{setting}{entry.code}```\n"


def main(folder):
    """Draw all plots into a folder, with a page that shows them with their code."""
    matplotlib.use("agg")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><title>Gallery</title><h1>Gallery</h1>"]
    for entry in ENTRIES:
        ax = entry.draw()
        qn.save_plot(ax, folder / f"{entry.name}.png")
        shown = f"<img src='{entry.name}.png' style='max-width:100%' alt='{html.escape(qn.alt_text(ax))}'>"
        code = f"<pre>{html.escape(entry.code)}</pre>"
        parts.append(f"<h2>{html.escape(entry.title)}</h2><p>{html.escape(entry.sentence)}</p>{shown}{code}")
        pyplot.close(ax.figure)
        print(folder / f"{entry.name}.png")
    (folder / "index.html").write_text("\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1])
