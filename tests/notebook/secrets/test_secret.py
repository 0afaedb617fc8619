"""`nh.secret`: found where it is kept, sent as it is, and shown by nothing."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import notebook_http as nh

VALUE = "s3kr1t/Value+with=marks & more"


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> nh.Secret:
    """A secret from the environment."""
    monkeypatch.setenv("CANARY_TOKEN", VALUE)
    return nh.secret("CANARY_TOKEN")


def test_it_shows_nothing(token: nh.Secret) -> None:
    """By its repr, which is what cells, lists and debuggers show."""
    for shown in (repr(token), f"{token!r}", repr([token]), repr({"a": token}), ascii(token)):
        assert VALUE not in shown
        assert "***" in shown


def test_it_is_a_str_for_programs(token: nh.Secret) -> None:
    """Whatever sends it works on the value."""
    assert isinstance(token, str)
    assert token == VALUE
    assert len(token) == len(VALUE)
    assert f"Bearer {token}" == f"Bearer {VALUE}"
    assert str(token) == VALUE
    assert urlencode({"a": token}) == urlencode({"a": VALUE})
    assert "".join(["a", token]) == "a" + VALUE
    assert token.encode() == VALUE.encode()
    assert json.dumps({"a": token}) == json.dumps({"a": VALUE})
    assert type(token.reveal()) is str
    assert token.reveal() == VALUE
    for made in ("Bearer " + token, token + "!", copy.deepcopy(token)):
        assert repr(made) == "'***'"
    assert pickle.loads(pickle.dumps(token)) == VALUE


Send = Callable[[str, nh.Secret], Any]
WAYS: dict[str, tuple[Send, Callable[[dict[str, Any]], str]]] = {
    "header": (
        lambda url, token: nh.get(url, headers={"X-Note": token}),
        lambda seen: seen["headers"]["X-Note"],
    ),
    "bearer": (
        lambda url, token: nh.get(url, headers={"Authorization": f"Bearer {token}"}),
        lambda seen: seen["headers"]["Authorization"].removeprefix("Bearer "),
    ),
    "bearer by plus": (
        lambda url, token: nh.get(url, headers={"Authorization": "Bearer " + token}),
        lambda seen: seen["headers"]["Authorization"].removeprefix("Bearer "),
    ),
    "basic": (
        lambda url, token: nh.get(url, auth=nh.BasicAuth("al", token)),
        lambda seen: base64.b64decode(seen["headers"]["Authorization"][6:]).decode()[3:],
    ),
    "query": (
        lambda url, token: nh.get(url, params={"note": token}),
        lambda seen: _query(seen["path"])["note"],
    ),
    "json": (
        lambda url, token: nh.post(url, json={"note": [token]}),
        lambda seen: json.loads(seen["body"])["note"][0],
    ),
    "form": (
        lambda url, token: nh.post(url, data={"note": token}),
        lambda seen: _query("?" + seen["body"])["note"],
    ),
    "text": (lambda url, token: nh.post(url, data=token), lambda seen: seen["body"]),
    "cookie": (
        lambda url, token: nh.get(url, cookies={"note": token.replace(" ", "")}),
        lambda seen: seen["headers"]["Cookie"],
    ),
    "session header": (
        lambda url, token: nh.get(url, headers=[("X-Note", token)]),
        lambda seen: seen["headers"]["X-Note"],
    ),
}


def _query(path: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(path.partition("?")[2]))


@pytest.mark.parametrize("way", WAYS)
async def test_it_is_sent_as_it_is_and_shown_nowhere(
    way: str, token: nh.Secret, echo_url: str, tmp_path: Path
) -> None:
    """Over a real socket; the answer says it back, under a name that says nothing."""
    send, seen = WAYS[way]
    pending = send(echo_url, token)
    reply = await pending
    if way != "cookie":
        assert seen(reply.json()) == VALUE
    har = nh.history().har(tmp_path / "a.har").read_text()
    shown = [
        *reply._repr_mimebundle_().values(),
        repr(reply),
        repr(reply.request),
        repr(pending),
        reply.request.to_curl(),
        reply.request.to_python(),
        reply.request.to_http(),
        har,
        repr(nh.history()),
        nh.history().df().to_string(),
    ]
    nh.history().clear()
    for text in shown:
        for part in ("s3kr1t", base64.b64encode(VALUE.encode())[4:20].decode(), "with%3Dmarks"):
            assert part not in text, text


async def test_errors_hide_it(token: nh.Secret) -> None:
    """Of a server that is not there."""
    with pytest.raises(nh.ClientError) as caught:
        await nh.get(f"http://127.0.0.1:9/{token.replace(' ', '')}?note={token}")
    from notebook_http.notebook.display.error import short_if_ours

    shown = short_if_ours(caught.value)
    rendered = "\n".join(getattr(shown, "_render_traceback_", lambda: [])())
    assert "s3kr1t" not in rendered


def test_where_it_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment goes before the file; an empty value is none."""
    (tmp_path / ".env").write_text("A_TOKEN=from the file\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert nh.secret("A_TOKEN") == "from the file"
    monkeypatch.setenv("A_TOKEN", "")
    assert nh.secret("A_TOKEN") == "from the file"
    monkeypatch.setenv("A_TOKEN", "from the environment")
    assert nh.secret("A_TOKEN") == "from the environment"


def test_a_keyring_is_asked_if_there_is_one(tmp_path: Path) -> None:
    """In a process that can import one."""
    (tmp_path / "keyring.py").write_text(
        "def get_password(service, name):\n"
        "    return 'from ' + service if name == 'KEPT' else None\n"
    )
    code = "import notebook_http as nh; print(nh.secret('KEPT', prompt=False).reveal())"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "from notebook-http"


def test_where_nobody_can_be_asked_it_says_so(tmp_path: Path) -> None:
    """With all the places, and what to do."""
    with pytest.raises(nh.SecretNotFoundError, match="Set the variable NOT_THERE"):
        nh.secret("NOT_THERE", prompt=False)
    code = "import notebook_http as nh; nh.secret('NOT_THERE')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert done.returncode == 1
    assert "SecretNotFoundError" in done.stderr.splitlines()[-1]
    assert "nobody can be asked here" in done.stderr


@pytest.mark.parametrize("name", ["", "A=B", "A\0"])
def test_names_are_those_of_variables(name: str) -> None:
    """Whatever else could never be found."""
    with pytest.raises(ValueError, match="API_TOKEN"):
        nh.secret(name)


def test_a_short_one_is_found_but_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PIN of three digits is in any text."""
    from notebook_http.wire.secrets import mask_text

    monkeypatch.setenv("A_PIN", "123")
    assert nh.secret("A_PIN") == "123"
    assert mask_text("1234 and pin=123") == "1234 and pin=•••• (len 3)"


async def test_texts_to_send_again_name_it(
    monkeypatch: pytest.MonkeyPatch, echo_url: str, shell: Any
) -> None:
    """In the language of each; what they make is what was sent."""
    monkeypatch.setenv("A_TOKEN", "abc123def456")
    token = nh.secret("A_TOKEN")
    asked = {
        "headers": {"Authorization": f"Bearer {token}", "X-Note": f"it's {token} twice {token}"},
        "params": {"q": token},
        "json": {"password": token, "n": 1},
    }
    reply = await nh.post(echo_url, **asked)
    sent = reply.request
    assert 'nh.secret("A_TOKEN")' in sent.to_python()
    assert "{{nh.secret(" in sent.to_http()
    assert '"$A_TOKEN"' in sent.to_curl()
    for text in (sent.to_python(), sent.to_http(), sent.to_curl()):
        assert "abc123" not in text
        assert "••••" not in text
    shell.run_line_magic("load_ext", "notebook_http")
    shell.user_ns["nh"] = nh
    again = []
    for code in (sent.to_python(), sent.to_http().replace("%%http", "%%http --into r")):
        result = await shell.run_cell_async(code, transformed_cell=shell.transform_cell(code))
        result.raise_error()
        again.append(shell.user_ns["r"].json())
    curl = await asyncio.create_subprocess_exec(
        "bash", "-c", sent.to_curl() + " -s", stdout=asyncio.subprocess.PIPE
    )
    again.append(json.loads((await curl.communicate())[0]))
    for seen in again:
        assert json.loads(seen["body"]) == json.loads(reply.json()["body"])
        assert seen["path"] == reply.json()["path"]
        for name in asked["headers"]:
            assert seen["headers"][name] == reply.json()["headers"][name]
