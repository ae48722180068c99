"""Addresses of hosts as text, HOST:PORT."""

from __future__ import annotations

import os

from qnet_circuits.errors import ParameterError, check_count


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT; an IPv6 address is written in brackets.

    Raises:
        ParameterError: If the text has another form.

    Example:
        >>> address_of("127.0.0.1:4440"), address_of("[::1]:4440")
        (('127.0.0.1', 4440), ('::1', 4440))
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()):
        raise ParameterError(f"an address is HOST:PORT, such as 127.0.0.1:4440, got {text!r}")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ParameterError(f"{host!r} is no name of a host: a part of it is empty or too long") from None
    return host.removeprefix("[").removesuffix("]"), int(check_count("port", int(port), 0, 65535))


def cannot_listen(address: tuple[str, int], error: OSError) -> ParameterError:
    """Return the error of an address that cannot be used, without what libraries add to the words of the system.

    Example:
        >>> import errno
        >>> print(cannot_listen(("::1", 4440), OSError(errno.EACCES, "while attempting to bind")))
        cannot listen at [::1]:4440: Permission denied; give a free address of this host
    """
    # A name that is not known has a number below 0.
    known = error.errno or 0
    said = os.strerror(known) if known > 0 else error.strerror or error
    return ParameterError(f"cannot listen at {shown(*address)}: {said}; give a free address of this host")


def shown(host: str, port: int) -> str:
    """Return an address as ``address_of`` reads it.

    Example:
        >>> shown("::1", 4440)
        '[::1]:4440'
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
