"""``qnet keys init``, ``record``, ``alice`` and ``bob``: a key session between two processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from qnet_circuits.cli.files import check_new
from qnet_circuits.cli.options import REFUSED, json_option, pairs
from qnet_circuits.cli.output import complain, show
from qnet_circuits.devices.files import MOST_BYTES, read_file
from qnet_circuits.errors import ParameterError, RecordError
from qnet_circuits.secrecy import write_secret

_F = TypeVar("_F", bound=Callable[..., Any])


@click.command()
@click.argument("directory", type=click.Path())
@click.option("--sessions", type=int, default=8, show_default=True,
              help="How many sessions the pool lasts if none of them makes a key.")  # fmt: skip
@click.option("--days", type=int, default=30, show_default=True, help="How long the certificates are valid.")
@click.option("--application", "applications", multiple=True, metavar="NAME",
              help="Also make a certificate for this application; may be repeated.")  # fmt: skip
@json_option
def init(directory: str, sessions: int, days: int, applications: tuple[str, ...], as_json: bool) -> None:
    """Make a pool of secret bytes for Alice and Bob, and certificates to try it.

    DIRECTORY is new. It gets a directory for each party, which is moved to the party's host.
    """
    from qnet_circuits.qkd.hosts.trial import prepare
    from qnet_circuits.qkd.postprocessing.key_pool import OWNERS

    prepare(directory, sessions, days, applications)
    made = [os.path.join(directory, owner) for owner in OWNERS]
    plain = {"schema": 1, "directory": directory, "parties": made, "applications": list(applications)}
    show(
        plain
        if as_json
        else f"{' and '.join(made)} have a pool and a certificate each; keep no copy of a pool"
    )


@click.command()
@click.argument("run", type=click.Path())
@click.option("--party", type=click.Choice(["alice", "bob"]), required=True, help="Whose half.")
@click.option("--out", type=click.Path(), required=True, metavar="FILE", help="A new file.")
@json_option
def record(run: str, party: str, out: str, as_json: bool) -> None:
    """Write what one party measured in a run of a key distribution to a file.

    RUN is the directory of a finished run, such as of `qnet run bb84 --out RUN`. One controller measured for both parties,
    so a key of these files is a demonstration. The file says so.
    """
    from qnet_circuits.runs.verbs import open_run

    check_new("--out", out)
    found = open_run(run).detectors(party)
    content = found.to_bytes()
    try:
        write_secret(out, content)
    except OSError as error:
        raise RecordError(f"--out cannot write {out}: {error.strerror}; choose another file") from None
    rounds, detected = len(found.record), int(found.record.seen.sum())
    plain = {
        "schema": 1,
        "party": party,
        "file": out,
        "rounds": rounds,
        "detected": detected,
        "note": found.note,
    }
    show(
        plain
        if as_json
        else f"{out}: {party}'s half of {rounds} rounds, {detected} detected\na demonstration: {found.note}"
    )


def takes_session(command: _F) -> _F:
    """Give a command the options of a party in a session."""
    file = click.Path()
    for option in reversed((
        click.option("--home", type=file, default=".", metavar="DIR",
                     help="Directory of the files pool, cert.pem, key.pem and peer.pem.  [default: this directory]"),
        click.option("--record", "detectors", type=file, required=True, metavar="FILE",
                     help="What this party measured: a file of detectors."),
        click.option("--pool", type=file, metavar="FILE", help="This party's copy of the pool.  [default: in --home]"),
        click.option("--cert", type=file, metavar="FILE", help="Certificate of this host.  [default: in --home]"),
        click.option("--key", type=file, metavar="FILE", help="Its private key.  [default: in --home]"),
        click.option("--peer", type=file, metavar="FILE",
                     help="Certificate of the peer; with --peer-name, of its authority.  [default: in --home]"),
        click.option("--peer-name", default="", metavar="NAME", help="The peer's name in a certificate of the authority."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
                     help="A rule of the session, such as tolerance=0.03; both parties need the same."),
        click.option("--timeout", type=float, default=60.0, show_default=True,
                     metavar="SECONDS", help="Longest silence of the peer."),
        click.option("--store", type=file, metavar="DIR", help="Put the key into this key store."),
        json_option,
    )):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.option("--listen", "address", required=True, metavar="HOST:PORT", help="Where to wait for Bob.")
@takes_session
def alice(address: str, timeout: float, **given: Any) -> None:
    """Wait for Bob, and hold one key session with him.

    \b
    Exit status:
      0    there is a key
      1    the session ended without a key, and the reason is printed
      2    the input was wrong
    """  # noqa: D301  (click keeps the lines of a paragraph that begins with a real backspace)
    from qnet_circuits.qkd.hosts.addresses import address_of
    from qnet_circuits.qkd.hosts.sessions import answer_peer, listen
    from qnet_circuits.qkd.postprocessing.alice import Alice

    def hold(party: Any, identity: Any) -> Any:
        with listen(address_of(address)) as listening:
            return answer_peer(party, listening, identity, _tell, timeout)

    _hold("alice", Alice, hold, **given)


@click.command()
@click.option("--connect", "address", required=True, metavar="HOST:PORT", help="Where Alice waits.")
@takes_session
def bob(address: str, timeout: float, **given: Any) -> None:
    """Connect to Alice, and hold one key session with her.

    \b
    Exit status:
      0    there is a key
      1    the session ended without a key, and the reason is printed
      2    the input was wrong, nobody listened, or one host does not trust the other
    """  # noqa: D301  (click keeps the lines of a paragraph that begins with a real backspace)
    from qnet_circuits.qkd.hosts.addresses import address_of
    from qnet_circuits.qkd.hosts.sessions import ask_peer
    from qnet_circuits.qkd.postprocessing.bob import Bob

    where = address_of(address)
    _hold("bob", Bob, lambda party, identity: ask_peer(party, where, identity, _tell, timeout), **given)


def _hold(
    name: str,
    kind: Any,
    hold: Callable[[Any, Any], Any],
    *,
    home: str,
    detectors: str,
    pool: str | None,
    settings: tuple[str, ...],
    store: str | None,
    as_json: bool,
    peer_name: str,
    **files: str | None,
) -> None:
    """Hold a session as one party, print its result, and exit with 1 if there is no key."""
    from dataclasses import replace

    from qnet_circuits.qkd.hosts import trial
    from qnet_circuits.qkd.hosts.detector_files import rules_with
    from qnet_circuits.qkd.hosts.tls import Identity
    from qnet_circuits.qkd.postprocessing.key_pool import KeyPool

    usual = {"cert": trial.CERTIFICATE, "key": trial.KEY, "peer": trial.PEER}
    cert, key, peer = (files[each] or os.path.join(home, usual[each]) for each in usual)
    identity = Identity(cert, key, peer, peer_name)
    measured = _detectors(detectors)
    rules = rules_with(measured.rules, pairs("--set", settings), "--set")
    keys = _opened(store, name)
    with KeyPool.open(pool or os.path.join(home, trial.POOL)) as opened:
        result = hold(kind(measured.record, rules, opened), identity)
        notes = (*result.notes, *([measured.note] if measured.note else []))
        result = replace(result, notes=notes)
        stored = [] if keys is None else _store(keys, opened, result.reason)
        about = {"left": opened.left, "used": opened.used, "epsilon": opened.epsilon}
    plain = {"schema": 1, "party": name, **result.to_dict(), "pool": about, "stored": stored}
    show(plain if as_json else _text(name, result, about, stored))
    if result.key is None:
        raise click.exceptions.Exit(REFUSED)


def _detectors(file: str) -> Any:
    from qnet_circuits.qkd.hosts.detector_files import read_detectors

    try:
        return read_detectors(read_file(file, MOST_BYTES), file)
    except OSError as error:
        raise ParameterError(
            f"--record: {file} cannot be read: {error.strerror}; give a file of detectors"
        ) from None


def _opened(directory: str | None, name: str) -> Any:
    """Return the key store, before a session makes a key for it."""
    from qnet_circuits.qkd.delivery.store import KeyStore

    return None if directory is None else KeyStore(directory, name, {"alice": "bob", "bob": "alice"}[name])


def _store(keys: Any, pool: Any, reason: str | None) -> list[str]:
    """Put all keys that the pool keeps into a key store, and return the names of their sessions."""
    from qnet_circuits.qkd.delivery.store import LEAST_KEY

    stored = []
    for each in pool.collect():
        content = each.key.whole_bytes()
        if len(content) < LEAST_KEY:
            _tell(f"the key of session {each.session} is too short for a store, and is dropped")
        else:
            try:
                keys.add(each.session, content, each.epsilon)
            except RecordError as error:
                raise RecordError(
                    f"{error}; the key stays in the pool until a session with --store"
                ) from None
            stored.append(each.session)
        pool.release(each.session)
    if reason is not None:
        keys.refuse(reason)
    keys.close()
    return stored


def _text(name: str, result: Any, pool: dict[str, Any], stored: list[str]) -> str:
    key = f"no key: {result.reason}" if result.key is None else f"a key of {len(result.key)} bits"
    lines = [f"{name}: {key}"]
    lines += [f"session {result.session}"] if result.session else []
    lines += [f"fingerprint {result.fingerprint}"] if result.fingerprint else []
    lines += [f"error rate in basis {basis}: {rate}" for basis, rate in result.qber.items()]
    lines += [
        str(result.ledger),
        f"pool: {pool['left']} bytes left, epsilon of all its sessions {pool['epsilon']:.3g}",
    ]
    lines += [f"stored: {session}" for session in stored]
    return "\n".join([*lines, *(f"a demonstration: {note}" for note in result.notes)])


def _tell(line: str) -> None:
    complain(line, 0)
