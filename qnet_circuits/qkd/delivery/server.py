"""Delivery over HTTPS with certificates on both sides. It needs aiohttp: ``pip install qnet-circuits[server]``."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from qnet_circuits.qkd.delivery.handlers import Endpoint, Request, Response, answer
from qnet_circuits.qkd.hosts.addresses import cannot_listen
from qnet_circuits.qkd.hosts.tls import load

#: Bytes of the longest body: 1,024 names of keys take half of it.
MOST_BYTES = 2**17
#: Seconds in which a body must come.
_PATIENCE = 10.0
Log = Callable[[str], None]


def server_context(
    certificate: str | Path, key: str | Path, ca: str | Path, log: Log = print
) -> ssl.SSLContext:
    """Return TLS 1.2 or later for a host that demands a certificate of each client.

    Args:
        certificate: The host's certificate, in PEM.
        key: Its private key, in PEM.
        ca: The authority that signs the certificates of applications, in PEM. No other certificate is accepted.
        log: Gets one line for each client that is refused.

    Raises:
        ParameterError: If a file cannot be read, or the key is not that of the certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    load(context, str(certificate), str(key), str(ca), "the certificate of the authority of applications")

    class Handshake(ssl.SSLObject):
        # asyncio says nothing of a client that is refused.
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                reason = (error.reason or "no TLS").replace("_", " ").lower()
                log(f"refused a client: {getattr(error, 'verify_message', None) or reason}")
                raise

    context.sslobject_class = Handshake
    return context


def named_in(certificate: Any) -> str | None:
    """Return the application that a certificate names: its one common name.

    Args:
        certificate: As ``ssl.SSLSocket.getpeercert`` returns it.

    Example:
        >>> named_in({"subject": ((("commonName", "app-1"),),)})
        'app-1'
        >>> named_in({"subject": ((("commonName", "app-1"),), (("commonName", "app-2"),))}) is None
        True
    """
    subject = (certificate or {}).get("subject", ())
    names = [value for part in subject for field, value in part if field == "commonName"]
    return names[0] if len(names) == 1 else None


def application(endpoint: Endpoint, log: Log = print) -> web.Application:
    """Return the endpoint as an application of aiohttp. The log gets one line for each answer, without keys."""

    async def handle(request: web.Request) -> web.Response:
        sae = named_in(request.get_extra_info("peercert"))
        made = await _answer(endpoint, request, sae)
        count = len((made.content or {}).get("keys", ()))
        log(f"{sae!r} {request.method} {request.rel_url.raw_path!r}: {made.status}, {count} keys")
        return web.Response(
            status=made.status,
            body=made.body,
            headers={"Cache-Control": "no-store"},
            content_type="application/json" if made.content is not None else None,
        )

    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def _answer(endpoint: Endpoint, request: web.Request, sae: str | None) -> Response:
    try:
        body = await asyncio.wait_for(request.read(), _PATIENCE)
    except web.HTTPRequestEntityTooLarge:
        return Response(400, {"message": f"the body shall have at most {MOST_BYTES} bytes"})
    except TimeoutError:
        return Response(400, {"message": f"the body shall come within {_PATIENCE:.0f} seconds"})
    query = tuple(request.rel_url.query.items())
    return answer(endpoint, Request(request.method, request.rel_url.raw_path, query, body, sae))


@contextlib.asynccontextmanager
async def serving(
    endpoint: Endpoint, host: str, port: int, context: ssl.SSLContext, log: Log = print
) -> AsyncIterator[int]:
    """Serve an endpoint for as long as the ``async with`` lasts, and give the port.

    Args:
        endpoint: What answers.
        host: Address to listen at.
        port: Port to listen at, or 0 for any.
        context: TLS, from ``server_context``.
        log: Gets one line for each answer.

    Raises:
        ParameterError: If the address cannot be used.
    """
    runner = web.AppRunner(application(endpoint, log), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            raise cannot_listen((host, port), error) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
