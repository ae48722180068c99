"""Keys over real TLS on this machine: two hosts, their applications, strangers, and clients that others wrote."""

import asyncio
import base64
import contextlib
import gc
import os
import queue
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from qnet_circuits.cli.main import main
from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.delivery.handlers import Endpoint, Limits
from qnet_circuits.qkd.delivery.store import KeyStore
from tests.qkd.delivery.certificates import Authority
from tests.qkd.delivery.stock import numbered, pair

pytest.importorskip("aiohttp")
from qnet_circuits.qkd.delivery.server import MOST_BYTES, named_in, server_context, serving

KEY = numbered(0, 2500)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority):
    return {name: authority.issue(name) for name in ("A", "B", "app-a", "app-b", "app-x")}


@contextlib.contextmanager
def served(authority, directory, owner, peer, sae, peer_sae):
    """Serve a store in a thread of its own, and give its address and the lines that it logs."""
    told, lines, loop = queue.Queue(), [], asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve():
        endpoint = Endpoint(KeyStore(directory, owner, peer), (sae,), (peer_sae,), Limits())
        context = server_context(
            *authority.issue(owner, file=f"{owner}-server"), authority.file, lines.append
        )
        async with serving(endpoint, "127.0.0.1", 0, context, lines.append) as port:
            told.put(f"127.0.0.1:{port}")
            await stop.wait()
        endpoint.store.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield told.get(timeout=30), lines
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        # Python waits half a minute for the end of TLS from a client that is gone; what waits ends here, in its own test.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture(scope="module")
def hosts(authority, tmp_path_factory):
    """Two hosts with a key, which serve app-a at A and app-b at B."""
    base = tmp_path_factory.mktemp("hosts")
    for store in pair(base, KEY):
        store.close()
    with (
        served(authority, base / "a", "A", "B", "app-a", "app-b") as a,
        served(authority, base / "b", "B", "A", "app-b", "app-a") as b,
    ):
        yield a, b


def opened(authority, address, path, files=None, data=None):
    """Return the status and the body of an answer."""
    context = ssl.create_default_context(cafile=authority.file)
    if files:
        context.load_cert_chain(*files)
    try:
        with urllib.request.urlopen(
            f"https://{address}/api/v1/keys/{path}", data, 10, context=context
        ) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def waited(lines):
    """Return lines that another thread may be about to write."""
    for _ in range(500):
        if lines:
            break
        time.sleep(0.01)
    return lines


def test_a_foreign_client_takes_and_fetches_a_key(hosts, authority, files):
    client = pytest.importorskip("etsi_qkd_014_client").QKD014Client
    (a, lines), (b, _) = hosts
    ours, theirs = client(a, *files["app-a"], authority.file), client(b, *files["app-b"], authority.file)
    code, status = ours.get_status("app-b")
    assert (code, status.master_sae_id, status.key_size) == (200, "app-a", 256)
    for taken in (ours.get_key("app-b"), ours.get_key("app-b", number=2, size=512)):
        code, made = taken
        names = [key.key_id for key in made.keys]
        assert code == 200
        code, found = theirs.get_key_with_key_IDs("app-a", names)
        assert code == 200 and [key.key for key in found.keys] == [key.key for key in made.keys]
        code, error = theirs.get_key_with_key_IDs("app-a", names)
        assert (code, error.message) == (400, "one or more keys specified are not found on KME")
    code, error = ours.get_key("app-b", extension_mandatory=[{"route": 1}])
    assert (code, error.message) == (400, "not all extension_mandatory parameters are supported")
    secret = [shown for key in made.keys for shown in (key.key, base64.b64decode(key.key).hex())]
    assert lines and not any(shown in line for shown in secret for line in lines)


def test_a_foreign_doctor_finds_what_the_standard_says(hosts, authority, files):
    """The doctor of qkdsec 0.3.0 departs from ETSI GS QKD 014 V1.1.1 in two probes.

    - It fetches a key at the endpoint of the master, as the master. The standard gives the key to the slave, at the slave's
      endpoint; here the doctor's second request is sent there.
    - It expects status 404 for an unknown key. The standard has 400 and a message, and no 404.
    """
    client = pytest.importorskip("qkdsec.client").ETSI014Client
    doctor = pytest.importorskip("qkdsec.doctor")
    (a, _), (b, _) = hosts
    theirs = client(f"https://{b}", client_cert=files["app-b"], verify=authority.file)

    class BothEnds(client):
        def get_dec_keys(self, slave_sae_id, *, key_ids, **more):
            return theirs.get_dec_keys("app-a", key_ids=key_ids)

    with BothEnds(f"https://{a}", client_cert=files["app-a"], verify=authority.file) as both, theirs:
        found = {
            each.name: (each.status.value, each.details) for each in doctor.run_all(both, "app-b").results
        }
    assert found.pop("error_contract_404") == ("warn", {"http_status": 400})
    assert {status for status, _ in found.values()} == {"pass"} and len(found) == 9


def test_strangers_are_refused_and_nothing_is_lost(hosts, authority, files, tmp_path):
    (a, lines), _ = hosts
    before = opened(authority, a, "app-b/status", files["app-a"])
    stranger = Authority(tmp_path / "stranger").issue("app-a")
    expired = authority.issue("app-a", file="expired", days=-1)
    for given, said in (
        (stranger, "certificate"),
        (expired, "certificate has expired"),
        (None, "peer did not return a certificate"),
    ):
        del lines[:]
        with pytest.raises((ssl.SSLError, OSError)):
            opened(authority, a, "app-b/enc_keys", given)
        [line] = waited(lines)
        assert line.startswith("refused a client: ") and said in line
    # The authority signed these, and nobody gave them keys: another application, the host itself, two names at once.
    for given in (files["app-x"], files["app-b"], files["A"], authority.issue("app-a", "app-x", file="two")):
        assert opened(authority, a, "app-b/enc_keys", given) == (401, b"")
    assert opened(authority, a, "app-b/status", files["app-a"]) == before


def test_what_is_no_request_is_refused_and_the_server_goes_on(hosts, authority, files):
    (a, _), _ = hosts
    status, body = opened(authority, a, "app-b/enc_keys", files["app-a"], bytes(MOST_BYTES + 1))
    assert status == 400 and b"at most" in body
    host, _, port = a.partition(":")
    with socket.create_connection((host, int(port)), 10) as plain, contextlib.suppress(ConnectionError):
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(1000))
        assert b"200" not in plain.recv(1000)
    context = ssl.create_default_context(cafile=authority.file)
    context.load_cert_chain(*files["app-a"])
    with context.wrap_socket(
        socket.create_connection((host, int(port)), 10), server_hostname=host
    ) as wrapped:
        wrapped.sendall(b"\x00" * 20_000)
        assert wrapped.recv(1000).startswith(b"HTTP/1.0 400")
    assert opened(authority, a, "app-b/status", files["app-a"])[0] == 200


def test_old_tls_is_refused_and_files_are_checked(authority, files, tmp_path):
    context = server_context(*files["A"], authority.file)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2 and context.verify_mode == ssl.CERT_REQUIRED
    for wrong in ((files["A"][0], files["B"][1]), (str(tmp_path / "none"), files["A"][1])):
        with pytest.raises(ParameterError, match="cannot be used"):
            server_context(*wrong, authority.file)
    locked = tmp_path / "locked.key"
    secret = BestAvailableEncryption(b"a password")
    key = load_pem_private_key(Path(files["A"][1]).read_bytes(), None)
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
    with pytest.raises(ParameterError, match="without a password"):
        server_context(files["A"][0], str(locked), authority.file)
    assert (
        named_in(None) is named_in({}) is named_in({"subject": ((("organizationName", "app-a"),),)}) is None
    )


def test_the_page_brings_one_key_to_both_ends_of_a_tunnel(tmp_path):
    """The lines of the page run as they are, but for the ports; a stand-in for wg keeps what it is given."""
    for program in ("openssl", "curl", "jq", "bash"):
        if not shutil.which(program):
            pytest.skip(f"{program} is missing")
    page = (Path(__file__).parents[3] / "docs" / "delivery.md").read_text()
    certificates, serve_a, serve_b, take, fetch = re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)
    for name, lines in (
        ("qnet", f'exec {sys.executable} -m qnet_circuits.cli.main "$@"'),
        ("wg", 'cat > "psk of $4"'),
    ):
        (tmp_path / name).write_text(f"#!/bin/bash\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    for directory, names in (("store-a", ("host-a", "host-b")), ("store-b", ("host-b", "host-a"))):
        store = KeyStore(tmp_path / directory, *names)
        store.add("session 1", KEY, 1e-10)
        store.close()

    def started(script, **more):
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **more}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            ("bash", "-c", f"set -e -o pipefail; {script}"), cwd=tmp_path, env=environment, text=True, **pipes
        )

    def ran(script, **more):
        out, err = (process := started(script, **more)).communicate(timeout=60)
        return process.returncode, out, err

    assert ran(certificates)[0] == 0
    hosts = [
        started(f"exec {re.sub('localhost:844.', '127.0.0.1:0', script)}") for script in (serve_a, serve_b)
    ]
    try:
        ports = [host.stdout.readline().split(":")[2].split("/")[0] for host in hosts]
        take, fetch = (
            re.sub("844.", port, script) for port, script in zip(ports, (take, fetch), strict=True)
        )
        assert ran(take, PEER="b") == ran(fetch, PEER="a") == (0, "", "")
        ends = [(tmp_path / f"psk of {peer}").read_text().strip() for peer in "ab"]
        assert (
            ends[0] == ends[1] and base64.b64decode(ends[0]) in KEY and len(base64.b64decode(ends[0])) == 32
        )
        assert "400" in ran(fetch, PEER="c")[2]
    finally:
        for host in hosts:
            host.send_signal(signal.SIGINT)
        logs = [host.communicate(timeout=30)[1].splitlines() for host in hosts]
    assert [host.returncode for host in hosts] == [130, 130]
    assert logs[0] == ["'vpn-a' GET '/api/v1/keys/vpn-b/enc_keys': 200, 1 keys", "qnet: interrupted"]
    assert len(logs[1]) == 3 and not any(ends[0] in line for lines in logs for line in lines)


def test_the_command_refuses_wrong_input_in_one_line(authority, files, tmp_path, monkeypatch, capsys):
    cert, key = files["A"]
    given = {
        "--store": str(tmp_path / "a"), "--name": "A", "--peer": "B", "--sae": "app-a", "--peer-sae": "app-b",
        "--listen": "127.0.0.1:0", "--cert": cert, "--key": key, "--ca": authority.file,
    }  # fmt: skip
    KeyStore(tmp_path / "b", "B", "A").close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for change, said in (
            ({"--store": str(tmp_path / "b")}, "is the key store of B with A"),
            ({"--peer": "A"}, "two names"),
            ({"--peer-sae": "app-a"}, "'app-a' at both"),
            ({"--listen": "8441"}, "HOST:PORT"),
            ({"--listen": f"127.0.0.1:{taken.getsockname()[1]}"}, "cannot listen"),
            ({"--key": files["B"][1]}, "PEM"),
            ({"--key-size": "257"}, "multiple of 8"),
            ({"--quota": "0"}, "quota"),
        ):
            with pytest.raises(SystemExit) as ended:
                main(["keys", "serve", *(part for pair in {**given, **change}.items() for part in pair)])
            out, err = capsys.readouterr()
            assert (ended.value.code, out, err.count("\n")) == (2, "", 1) and said in err, err
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "qnet_circuits.qkd.delivery.server")
    with pytest.raises(SystemExit) as ended:
        main(["keys", "serve", *(part for pair in given.items() for part in pair)])
    assert ended.value.code == 2 and "pip install 'qnet-circuits[server]'" in capsys.readouterr().err
