"""A key over trusted nodes: the same at both ends, hidden on each link, and with bits of links that are used once."""

import itertools
from dataclasses import replace

import pytest

from qnet_circuits.errors import NoKeyError, ParameterError, UnknownKeyError
from qnet_circuits.qkd.delivery.handlers import Endpoint
from qnet_circuits.qkd.delivery.relay import Parcel, forward, receive, send
from qnet_circuits.qkd.delivery.store import KeyStore
from tests.qkd.delivery.stock import numbered

NODES = "ARSB"


@pytest.fixture
def links(tmp_path):
    """The stores of the links A-R, R-S and S-B by their ends."""
    stores = {}
    for number, (left, right) in enumerate(itertools.pairwise(NODES)):
        for ends in ((left, right), (right, left)):
            stores["".join(ends)] = store = KeyStore(tmp_path / "".join(ends), *ends)
            store.add("session 1", numbered(1000 * number, 200), 1e-10)
    return stores


def test_the_ends_share_a_key_that_every_link_hides(links):
    key, first = send(links["AR"], 48)
    second = forward(first, links["RA"], links["RS"])
    third = forward(second, links["SR"], links["SB"])
    relayed = receive(third, links["BS"])
    assert relayed.key == key and len(key) == 48 and relayed.trusted == ("R", "S")
    assert relayed.epsilon == pytest.approx(3e-10) and key.hex() not in f"{relayed!r}"
    pads = [
        bytes(a ^ b for a, b in zip(parcel.hidden, key, strict=True)) for parcel in (first, second, third)
    ]
    for number, pad in enumerate(pads):
        assert pad in numbered(1000 * number, 200)
    assert send(links["AR"], 48)[0] != key


def test_bits_of_links_are_used_once(links):
    left = links["AR"].left(80, "")
    parcels = [send(links["AR"], 48)[1] for _ in range(left)]
    with pytest.raises(NoKeyError):
        send(links["AR"], 48)
    assert len({parcel.key_id for parcel in parcels}) == left > 1
    receive(parcels[0], links["RA"])
    with pytest.raises(UnknownKeyError):
        receive(parcels[0], links["RA"])


@pytest.mark.parametrize(
    "change",
    [
        lambda parcel: replace(parcel, hidden=bytes([parcel.hidden[0] ^ 1]) + parcel.hidden[1:]),
        lambda parcel: replace(parcel, hidden=parcel.hidden[:-1]),
        lambda parcel: replace(parcel, tag=bytes(16)),
        lambda parcel: replace(parcel, trusted=()),
        lambda parcel: replace(parcel, epsilon=0.0),
        lambda parcel: replace(
            parcel, key_id=parcel.key_id[:-1] + ("1" if parcel.key_id[-1] != "1" else "2")
        ),
        lambda parcel: replace(parcel, key_id="session 1"),
    ],
)
def test_a_changed_parcel_is_refused(links, change):
    parcel = forward(send(links["AR"])[1], links["RA"], links["RS"])
    with pytest.raises(UnknownKeyError):
        receive(change(parcel), links["SR"])


def test_a_relay_takes_the_stores_of_one_node_and_sizes_that_fit(links):
    _, parcel = send(links["AR"])
    with pytest.raises(ParameterError, match="one node"):
        forward(parcel, links["RA"], links["SB"])
    for size in (0, 4065):
        with pytest.raises(ParameterError, match="1 to 4064"):
            send(links["AR"], size)
    assert isinstance(parcel, Parcel) and receive(parcel, links["RA"]).trusted == ()


def test_no_application_can_fetch_what_a_relay_uses(links):
    with pytest.raises(ParameterError):
        Endpoint(links["RA"], ("",), ("app-a",))
