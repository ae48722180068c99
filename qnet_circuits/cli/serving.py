"""``qnet keys serve``: keys for applications over HTTPS."""

from __future__ import annotations

import contextlib
from typing import Any

import click

from qnet_circuits.cli.output import printable, show_now
from qnet_circuits.errors import UnsupportedError

_FILE = click.Path()


@click.command()
@click.option(
    "--store",
    "directory",
    type=_FILE,
    required=True,
    metavar="DIR",
    help="The key store; made if there is none.",
)
@click.option("--name", required=True, help="Name of this host (the KME).")
@click.option("--peer", required=True, help="Name of the host with which it shares the keys.")
@click.option(
    "--sae",
    "saes",
    multiple=True,
    required=True,
    metavar="NAME",
    help="An application of this host; may be repeated.",
)
@click.option(
    "--peer-sae",
    "peer_saes",
    multiple=True,
    required=True,
    metavar="NAME",
    help="An application of the peer; may be repeated. Both hosts must name the same applications.",
)
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where to listen; port 0 takes any.")
@click.option("--cert", type=_FILE, required=True, metavar="FILE", help="Certificate of this host, in PEM.")
@click.option("--key", type=_FILE, required=True, metavar="FILE", help="Private key of this host, in PEM.")
@click.option(
    "--ca",
    type=_FILE,
    required=True,
    metavar="FILE",
    help="The authority that signs the certificates of applications, in PEM.",
)
@click.option(
    "--key-size",
    type=int,
    default=256,
    show_default=True,
    metavar="BITS",
    help="Size of a key if a request names none.",
)
@click.option(
    "--quota",
    type=int,
    default=2**20,
    show_default=True,
    metavar="BITS",
    help="What one application may take in an hour.",
)
def serve(directory: str, listen: str, cert: str, key: str, ca: str, **given: Any) -> None:
    """Give keys to applications after ETSI GS QKD 014, until Ctrl-C.

    An application is known by the common name of its certificate. One line for each answer goes to stderr, without keys.
    """  # fmt: skip
    import asyncio

    from qnet_circuits.qkd.hosts.addresses import address_of

    host, port = address_of(listen)
    try:
        from qnet_circuits.qkd.delivery.server import server_context
    except ModuleNotFoundError as error:
        raise UnsupportedError(f"{error.name} is missing; pip install 'qnet-circuits[server]'") from None
    context = server_context(cert, key, ca, _log)
    endpoint = _endpoint(directory, **given)
    asyncio.run(_serve(endpoint, host, port, context))


def _endpoint(
    directory: str, name: str, peer: str, saes: Any, peer_saes: Any, key_size: int, quota: int
) -> Any:
    from qnet_circuits.qkd.delivery.handlers import Endpoint, Limits
    from qnet_circuits.qkd.delivery.store import KeyStore

    limits = Limits(key_size=key_size, quota=quota)
    return Endpoint(KeyStore(directory, name, peer), saes, peer_saes, limits)


async def _serve(endpoint: Any, host: str, port: int, context: Any) -> None:
    import asyncio

    from qnet_circuits.qkd.delivery.server import serving
    from qnet_circuits.qkd.hosts.addresses import shown

    async with serving(endpoint, host, port, context, _log) as taken:
        show_now(f"https://{shown(host, taken)}/api/v1/keys/")
        await asyncio.Event().wait()


def _log(line: str) -> None:
    # A key has been cut when this line is written, so a closed stderr must not stop the answer.
    with contextlib.suppress(OSError):
        click.echo(printable(line), err=True)
