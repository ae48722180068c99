"""A report: all known facts on a run, on one HTML page that loads nothing from elsewhere."""

from __future__ import annotations

import html
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from qnet_circuits.runs.results.report.drawn import plots_of
from qnet_circuits.runs.results.report.elements import code, contents, facts_table, items, paragraph, section
from qnet_circuits.runs.results.report.origin import origin_of
from qnet_circuits.runs.results.report.repeat import command, python
from qnet_circuits.runs.results.report.tables import (
    asked_table,
    blocks_table,
    controls_table,
    figures_table,
    noise_table,
    resources_table,
    spent_table,
)
from qnet_circuits.version import VERSION

if TYPE_CHECKING:
    from qnet_circuits.runs.manifest import Manifest
    from qnet_circuits.runs.results.result import Result


def report_page(result: Result, plots: bool = True) -> str:
    """Return a result, and the known facts on its run, as one HTML page.

    Args:
        result: The result. Results of ``run``, ``open_run`` and ``replay`` know their run; the page of a result that was read
            from plain values is shorter.
        plots: Whether to include plots.
    """
    behind = result.sampled
    manifest = None if behind is None else behind.stored.manifest
    origin, drawn = origin_of(result, manifest), plots_of(result) if plots else {}
    refused = "" if result.refused is None else f"The protocol was refused: {result.refused}"
    account = code(result.report, "account of the protocol") + drawn.get("account", "")
    body = "".join(
        [
            section("Figures", paragraph(refused), drawn.get("figures", ""), figures_table(result)),
            section("Control experiments", controls_table(result)),
            section("Blocks", blocks_table(result)),
            section("Account of the key" if "ledger" in result.more else "Account", account),
            section("Network", drawn.get("network", "")),
            section("Circuit", drawn.get("circuit", ""), drawn.get("timeline", "")),
            section("Qubits on the chip", drawn.get("placement", "")),
            section("Resources", resources_table(result)),
            section(
                "Noise of the simulation" if "Simulated" in origin.title else "Noise", noise_table(result)
            ),
            section("Time and cost", spent_table(result, manifest)),
            section("Notes", items(result.notes)),
            section("How to repeat it", _repeat(result, manifest)),
            section("Versions", facts_table(_versions(result, manifest), "what computed the figures")),
        ]
    )
    read = {end: files(__package__).joinpath(f"report.{end}").read_text("utf-8") for end in ("html", "css")}
    head = f'<p class="origin">{html.escape(origin.sentence)}</p>{asked_table(result, manifest)}'
    return Template(read["html"]).substitute(
        title=html.escape(origin.title),
        version=VERSION,
        style=read["css"],
        head=head,
        contents=contents(body),
        body=body,
    )


def _repeat(result: Result, manifest: Manifest | None) -> str:
    """Return a command and Python code that repeat the run, and the command that analyses the stored run again."""
    behind = result.sampled
    if manifest is None or behind is None or manifest.get("origin") is not None:
        return ""
    protocol = behind.source.protocol
    said = [code(command(manifest, protocol), "command"), code(python(manifest, protocol), "Python")]
    if not any(said):
        said = [
            paragraph(
                "The protocol's code is not known here. Its circuits are in program.qpy of the run's directory."
            )
        ]
    if behind.path is not None:
        name = behind.path.resolve().name
        said.append(paragraph(f"The stored run is analysed again by: qnet replay {name}"))
    return "".join(said)


def _versions(result: Result, manifest: Manifest | None) -> dict[str, str]:
    """Return the versions of the software that computed the figures. Earlier runs keep them elsewhere in the manifest."""
    earlier = {} if manifest is None else manifest.get("versions", {})
    known = {
        "qnet-circuits": str(result.provenance.get("version") or ""),
        "source": str(result.provenance.get("source") or ""),
        **{name: str(version) for name, version in (result.provenance.get("versions") or earlier).items()},
    }
    return known
