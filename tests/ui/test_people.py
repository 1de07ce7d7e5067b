"""Who sits at the page: a login, a proxy, this machine, or nobody knows."""

from __future__ import annotations

import http.client
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st

from sim.errors import UserError
from sim.texts import LANGUAGES, words
from sim.ui import people
from sim.ui.serving import serve

from .app import TOP, AppTest, opened, well
from .conftest import serving


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the browser and the login say of who asks."""
    found = SimpleNamespace(headers={}, url="http://localhost:8501/plan")
    monkeypatch.setattr(st, "context", found)
    monkeypatch.setattr(st, "user", {})
    return found


@pytest.mark.parametrize(
    ("headers", "url", "user", "author"),
    [
        ({}, "http://localhost:8501/", people.HERE, ""),
        ({}, "http://127.0.0.1:8501/", people.HERE, ""),
        ({}, "https://plan.example.com/", "", ""),
        ({"X-Forwarded-Email": "ada@example.com"}, "https://plan.example.com/", "ada@example.com", "ada"),
        ({"Remote-User": "grace"}, "https://plan.example.com/", "grace", "grace"),
        ({"X-Forwarded-User": "u1", "X-Forwarded-Email": "ada@example.com"}, "http://localhost/", "ada@example.com", "ada"),
    ],
)
def test_a_planner_is_known_by_the_proxy_or_by_the_machine(
    context: SimpleNamespace, headers: dict[str, str], url: str, user: str, author: str
) -> None:
    context.headers, context.url = headers, url
    assert people.user() == user
    assert people.proposed_author() == author


def test_the_login_counts_before_the_proxy(context: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    context.headers = {"X-Forwarded-Email": "proxy@example.com"}
    monkeypatch.setattr(st, "user", {"is_logged_in": True, "email": "ada@example.com", "name": "Ada Lovelace"})
    assert (people.user(), people.proposed_author()) == ("ada@example.com", "Ada Lovelace")


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_a_login_is_set_up_nobody_passes_without_it(folder: Path, language: str) -> None:
    app = AppTest.from_file(str(TOP / "app.py"), default_timeout=60)
    app.query_params["lang"] = language
    app.secrets["auth"] = {"redirect_uri": "http://localhost/oauth2callback", "client_id": "x"}
    app.run()
    well(app)
    assert [button.label for button in app.button] == [words(language)["people.login"]]
    assert not app.slider and not app.metric


def test_the_author_is_proposed_from_the_login(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "logged_in", lambda: "ada@example.com")
    app = opened()
    well(app)
    assert next(item for item in app.text_input if item.key.startswith("save_author")).value == "ada"


def answered(address: str, origin: str) -> int:
    """What the app answers to a browser's page of this origin that asks for its connection."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET", "/_stcore/stream", headers={
            "Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "streamlit",
        })
        return connection.getresponse().status
    finally:
        connection.close()


def test_behind_a_proxy_its_host_and_no_other_may_ask(tmp_path: Path) -> None:
    with serving(tmp_path, arguments=("--behind", "plan.example.com")) as served:
        assert answered(served.address, "https://plan.example.com") == 101
        assert answered(served.address, "https://elsewhere.example.com") == 403


@pytest.mark.parametrize("host", ["https://plan.example.com", "plan.example.com:443", "plan/app", "", "-x.com", "a" * 64, "x\ny"])
def test_a_proxy_is_a_host_name(host: str) -> None:
    with pytest.raises(UserError, match="host name alone"):
        serve(port=None, browser=False, scenarios=None, behind=host)
