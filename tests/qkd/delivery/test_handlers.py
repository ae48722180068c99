"""Requests and answers of ETSI GS QKD 014, without a server."""

import base64
import json
import uuid

import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.delivery.handlers import Endpoint, Limits, Request, Response, answer
from tests.qkd.delivery.stock import halves, numbered, pair

KEY = numbered(0, 2500)
LIMITS = Limits(max_key_per_request=4, max_sae_ids=1, quota=8 * 4096)
NOT_FOUND = "one or more keys specified are not found on KME"


@pytest.fixture
def ends(tmp_path):
    return endpoints(tmp_path, KEY)


def endpoints(base, key):
    a, b = pair(base, key)
    ours, theirs = ("app-a", "app a/2"), ("app-b", "app-c", "app-d")
    return Endpoint(a, ours, theirs, LIMITS), Endpoint(b, theirs, ours, LIMITS)


def get(end, sae, path, *query):
    return answer(end, Request("GET", f"/api/v1/keys/{path}", query, sae=sae))


def post(end, sae, path, body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer(end, Request("POST", f"/api/v1/keys/{path}", body=body, sae=sae))


def told(response):
    return response.status, json.loads(response.body)


def test_status_has_the_fields_of_the_standard(ends):
    assert told(get(ends[0], "app-a", "app-b/status")) == (
        200,
        {
            "source_KME_ID": "A", "target_KME_ID": "B", "master_SAE_ID": "app-a", "slave_SAE_ID": "app-b",
            "key_size": 256, "stored_key_count": 128, "max_key_count": 128, "max_key_per_request": 4,
            "max_key_size": 32768, "min_key_size": 64, "max_SAE_ID_count": 1,
        },
    )  # fmt: skip


@pytest.mark.parametrize("fetch", ["GET", "POST"])
@pytest.mark.parametrize("take", ["GET", "POST"])
def test_two_applications_get_the_same_key_once(ends, take, fetch):
    a, b = ends
    if take == "GET":
        status, made = told(get(a, "app-a", "app-b/enc_keys", ("number", "1"), ("size", "512")))
    else:
        status, made = told(post(a, "app-a", "app-b/enc_keys", {"number": 1, "size": 512}))
    [key] = made["keys"]
    assert (status, set(made), set(key)) == (200, {"keys"}, {"key_ID", "key"})
    assert base64.b64decode(key["key"], validate=True) == halves(KEY)[0][:64]
    assert str(uuid.UUID(key["key_ID"])) == key["key_ID"]

    def fetched():
        if fetch == "GET":
            return told(get(b, "app-b", "app-a/dec_keys", ("key_ID", key["key_ID"])))
        return told(post(b, "app-b", "app-a/dec_keys", {"key_IDs": [{"key_ID": key["key_ID"]}]}))

    assert fetched() == (200, made)
    assert fetched() == (400, {"message": NOT_FOUND})


def test_what_is_optional_has_the_values_of_the_standard(ends):
    a, b = ends
    for made in (
        get(a, "app-a", "app-b/enc_keys"),
        post(a, "app-a", "app-b/enc_keys", b""),
        post(a, "app-a", "app-b/enc_keys", {"extension_mandatory": [], "additional_slave_SAE_IDs": []}),
        post(a, "app-a", "app-b/enc_keys", {"extension_optional": [{"colour": {"of": [1]}}]}),
    ):
        status, content = told(made)
        assert status == 200 and [len(base64.b64decode(key["key"])) for key in content["keys"]] == [32]
    asked = {
        "key_IDs": [{"key_ID": content["keys"][0]["key_ID"], "key_ID_extension": 1}],
        "key_IDs_extension": {},
    }
    assert told(post(b, "app-b", "app-a/dec_keys", asked)) == (200, content)


def test_a_container_is_written_as_the_standard_writes_it():
    keys = [
        {
            "key_ID": "bc490419-7d60-487f-adc1-4ddcc177c139",
            "key": "wHHVxRwDJs3/bXd38GHP3oe4svTuRpZS0yCC7x4Ly+s=",
        }
    ]
    assert Response(200, {"keys": keys}).body == (
        b'{"keys":[{"key_ID":"bc490419-7d60-487f-adc1-4ddcc177c139",'
        b'"key":"wHHVxRwDJs3/bXd38GHP3oe4svTuRpZS0yCC7x4Ly+s="}]}'
    )


MANDATORY = "not all extension_mandatory parameters are supported"
BAD_BODIES = [
    ({"size": 257}, "size shall be a multiple of 8"),
    ({"extension_mandatory": [{"route": 1}, {"colour": 2}]}, MANDATORY),
    ({"size": 56}, "size shall be 64 to 32768"),
    ({"size": 32776}, "size shall be 64 to 32768"),
    ({"size": -8}, "size shall be 64 to 32768"),
    ({"size": 256.0}, "size shall be an integer"),
    ({"size": True}, "size shall be an integer"),
    ({"size": None}, "size shall be an integer"),
    ({"number": "3"}, "number shall be an integer"),
    ({"number": 0}, "number shall be 1 to 4"),
    ({"number": 5}, "number shall be 1 to 4"),
    ({"additional_slave_SAE_IDs": ["app-c", "app-d"]}, "additional_slave_SAE_IDs shall be at most 1"),
    ({"additional_slave_SAE_IDs": ["app-x"]}, "one or more additional_slave_SAE_IDs are not known"),
    ({"additional_slave_SAE_IDs": "app-c"}, "additional_slave_SAE_IDs shall be an array of strings"),
    ({"extension_mandatory": {"route": 1}}, "extension_mandatory shall be an array of objects"),
    ({"extension_optional": ["route"]}, "extension_optional shall be an array of objects"),
    ({"numbr": 1}, None),
    ([], "the body shall be a JSON object"),
    (b"{", "the body shall be JSON in UTF-8"),
    (b"\xff\xfe{\x00}\x00", "the body shall be JSON in UTF-8"),
    (b"[" * 100_000, "the body shall be JSON in UTF-8"),
    (b'{"number":' + b"9" * 5000 + b"}", "the body shall be JSON in UTF-8"),
]


@pytest.mark.parametrize(("body", "message"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_bad_request_for_new_keys_is_a_400_and_takes_nothing(ends, body, message):
    before = ends[0].store.left(32, "app-a")
    status, content = told(post(ends[0], "app-a", "app-b/enc_keys", body))
    assert status == 400 and content["message"] == (message or content["message"])
    if message == MANDATORY:
        assert content["details"] == [{"extension_mandatory_unsupported": ["colour", "route"]}]
    assert ends[0].store.left(32, "app-a") == before


@pytest.mark.parametrize(
    "query",
    [
        [("number", "x")], [("number", "-1")], [("number", "٣")], [("number", "1"), ("number", "1")], [("size", "")],
        [("key_ID", "1")], [("extension_mandatory", "[]")], [("number", "9" * 5000)],
    ],
)  # fmt: skip
def test_a_bad_query_is_a_400(ends, query):
    assert get(ends[0], "app-a", "app-b/enc_keys", *query).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {}, {"key_IDs": []}, {"key_IDs": ["x"]}, {"key_IDs": [{}]}, {"key_IDs": [{"key_ID": 1}]}, {"key_IDs": {"key_ID": "x"}},
        {"key_IDs": [{"key_ID": "550e8400"}]}, {"key_IDs": [{"key_ID": "{550e8400-e29b-41d4-a716-446655440000}"}]},
        {"key_IDs": [{"key_ID": "\ud800"}]}, {"key_IDs": [{"key_ID": "550e8400-e29b-41d4-a716-446655440000"}] * 5},
    ],
)  # fmt: skip
def test_a_bad_request_for_known_keys_is_a_400(ends, body):
    status, content = told(post(ends[1], "app-b", "app-a/dec_keys", body))
    assert status == 400 and content["message"] != NOT_FOUND


def test_unknown_keys_are_not_found(ends):
    a, b = ends
    [key] = told(get(a, "app-a", "app-b/enc_keys"))[1]["keys"]
    for name in ("550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-000000000000"):
        asked = {"key_IDs": [{"key_ID": key["key_ID"]}, {"key_ID": name}]}
        assert told(post(b, "app-b", "app-a/dec_keys", asked)) == (400, {"message": NOT_FOUND})
    # The master is another one, and the master's own endpoint gave the key away.
    assert get(b, "app-b", "app%20a%2F2/dec_keys", ("key_ID", key["key_ID"])).status == 400
    assert get(a, "app-a", "app-b/dec_keys", ("key_ID", key["key_ID"])).status == 400
    assert get(b, "app-b", "app-a/dec_keys", ("key_ID", key["key_ID"])).status == 200


def test_who_is_not_named_is_unauthorized(ends):
    a, b = ends
    for sae in (None, "app-x", "app-b", ""):
        for path in ("app-b/status", "app-b/enc_keys", "app-b/dec_keys"):
            assert get(a, sae, path) == Response(401) and get(a, sae, path).body == b""
    [key] = told(get(a, "app-a", "app-b/enc_keys"))[1]["keys"]
    assert get(b, "app-c", "app-a/dec_keys", ("key_ID", key["key_ID"])) == Response(401)
    assert get(b, "app-b", "app-a/dec_keys", ("key_ID", key["key_ID"])).status == 200


def test_slaves_who_are_named_share_a_key(ends):
    a, b = ends
    made = told(post(a, "app a/2", "app-b/enc_keys", {"number": 2, "additional_slave_SAE_IDs": ["app-c"]}))[1]
    asked = {"key_IDs": [{"key_ID": key["key_ID"]} for key in made["keys"]]}
    for slave, status in (("app-c", 200), ("app-d", 401), ("app-b", 200), ("app-c", 400)):
        response = post(b, slave, "app%20a%2F2/dec_keys", asked)
        assert response.status == status and (status != 200 or json.loads(response.body) == made)


def test_other_paths_and_methods_are_refused(ends):
    for path in (
        "/",
        "/api/v1/keys",
        "/api/v1/keys/app-b/",
        "/api/v1/keys/app-b/status/x",
        "/api/v2/keys/app-b/status",
    ):
        assert answer(ends[0], Request("GET", path, sae="app-a")).status == 404
    assert post(ends[0], "app-a", "app-b/status", {}).status == 405
    assert answer(ends[0], Request("DELETE", "/api/v1/keys/app-b/enc_keys", sae="app-a")).status == 405
    assert get(ends[0], "app-a", "app-x/status").status == 400


def test_without_a_key_the_answer_is_503_and_says_why(tmp_path):
    a, b = endpoints(tmp_path, b"")
    assert told(get(a, "app-a", "app-b/enc_keys"))[0] == 503
    assert told(get(a, "app-a", "app-b/status"))[1]["stored_key_count"] == 0
    a.store.refuse("qber: 0.25 of 400 test bits differ")
    status, content = told(get(a, "app-a", "app-b/enc_keys"))
    assert (status, content["details"]) == (503, [{"last_session": "qber: 0.25 of 400 test bits differ"}])
    for end in (a, b):
        end.store.add("session 2", numbered(0, 80), 1e-10)
    assert get(a, "app-a", "app-b/enc_keys", ("number", "4")).status == 200
    assert get(a, "app-a", "app-b/enc_keys", ("number", "1")).status == 503


def test_with_an_eavesdropper_on_there_is_no_key(tmp_path):
    a, b = endpoints(tmp_path, b"")
    for number, (eve, status) in enumerate(((qn.InterceptResend(1.0), 503), (None, 200))):
        result = qn.run(qn.BB84(pulses=20_000, eve=eve), "stim")
        for end in (a, b):
            if result.refused is not None:
                end.store.refuse(result.refused)
            else:
                end.store.add(f"session {number}", result.secret_key.to_bytes(), result.ledger["epsilon"])
        made = get(a, "app-a", "app-b/enc_keys", ("size", "64"))
        assert made.status == status and ("qber" in str(made.content)) == (status == 503)
    asked = {"key_IDs": [{"key_ID": told(made)[1]["keys"][0]["key_ID"]}]}
    assert told(post(b, "app-b", "app-a/dec_keys", asked)) == told(made)


def test_a_quota_is_each_master_s_own(ends):
    a, _ = ends
    for _ in range(32):
        assert get(a, "app-a", "app-b/enc_keys", ("number", "4")).status == 200
    assert get(a, "app-a", "app-b/enc_keys").status == 503
    assert told(get(a, "app-a", "app-b/status"))[1]["stored_key_count"] == 0
    assert get(a, "app a/2", "app-b/enc_keys").status == 200


def test_a_store_that_fails_is_a_503(ends):
    ends[0].store.close()
    assert get(ends[0], "app-a", "app-b/enc_keys").status == 503


def test_limits_and_endpoints_are_checked(tmp_path):
    assert eval(repr(LIMITS)) == LIMITS
    for wrong in (
        {"key_size": 257},
        {"min_key_size": 512},
        {"max_key_size": 40000},
        {"max_sae_ids": 16},
        {"quota": 0},
    ):
        with pytest.raises(ParameterError):
            Limits(**wrong)
    a, _ = pair(tmp_path)
    for saes in ((), ("",), tuple(map(str, range(17)))):
        with pytest.raises(ParameterError):
            Endpoint(a, saes, ("app-b",))
    assert "wHHV" not in repr(Response(200, {"keys": ["wHHV"]}))
