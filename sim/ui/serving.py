"""`whatif app`: the pages, served by Streamlit in this process, the same way from any folder.

Everything that matters is said on Streamlit's command line, which outranks every settings file: headless (a first start on a desktop
otherwise stops at a question about an e-mail address), this machine only, no usage statistics, the themes.
"""

from __future__ import annotations

import gc
import json
import os
import re
import socket
import sys
import threading
import time
import tomllib
import webbrowser
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sim.errors import UNREADABLE, UserError
from sim.texts import usual_language, words

HOST = "localhost"
HTTPS = 443
TURN_S = 0.0005
FIRST_PORT, PORTS_TRIED = 8501, 100
LONGEST_START_S = 120


def serve(*, port: int | None, browser: bool, scenarios: str | None, behind: str | None = None) -> None:
    """Start the app and stay until it is stopped. `behind`: the host name of the proxy through which the planners come."""
    port = _free_port(port)
    more: dict[str, Any] = {"server.port": port}
    if behind is not None:  # else their browsers, which name that host, would be refused
        more |= {"browser.serverAddress": _host_name(behind), "browser.serverPort": HTTPS}
    if scenarios is not None:
        os.environ["WHATIF_SCENARIOS"] = str(Path(scenarios).resolve())
    say = words(usual_language())
    print(say["say.starting"], file=sys.stderr, flush=True)
    # Pages are computed in threads beside the one that serves files and messages: at Python's usual 5 ms a turn, a page's hundred
    # small files would each wait for its script several times.
    sys.setswitchinterval(TURN_S)
    threading.Thread(target=_announce, args=(port, browser, say["say.address"]), daemon=True).start()
    try:
        from streamlit.web.cli import main as streamlit
    except ImportError as error:
        raise UserError(f"The app needs Streamlit, which cannot be loaded here ({error}).", exit_code=UNREADABLE) from error
    with as_file(files("sim.ui").joinpath("entry", "app.py")) as entry:
        streamlit(["run", str(entry), *flags(settings() | more)], prog_name="streamlit", standalone_mode=False)


def _host_name(given: str) -> str:
    """A host name alone, as browsers send it."""
    name = given.strip().rstrip(".").lower()
    if len(name) > 253 or not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*", name):
        raise UserError("--behind: give the host name alone, such as plan.example.com, without https://, port or path.")
    return name


def settings() -> dict[str, Any]:
    """Streamlit's settings by full name, from the packaged file."""
    return dict(_flat(tomllib.loads(files("sim.ui").joinpath("streamlit.toml").read_text(encoding="utf-8")), ""))


def flags(settings: Mapping[str, Any]) -> list[str]:
    """Settings as Streamlit's command-line flags; a list as JSON, which is how Streamlit reads colours."""
    return [part for name, value in settings.items() for part in (f"--{name}", value if isinstance(value, str) else json.dumps(value))]


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _free_port(asked: int | None) -> int:
    for port in [asked] if asked is not None else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        if _free(port):
            return port
    where = f"Port {asked} is" if asked is not None else f"Ports {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are"
    raise UserError(f"{where} in use or not allowed; choose another with --port.", exit_code=UNREADABLE)


def _free(port: int) -> bool:
    """Nobody answers on the port and it may be taken."""
    try:
        addresses = socket.getaddrinfo(HOST, port, type=socket.SOCK_STREAM)
    except OSError:
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]
    for family, kind, protocol, _, address in addresses:
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # there, this does not steal a port in use, and a stopped app's port is free at once
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                if family == socket.AF_INET6 and not _taken(error):
                    continue  # a machine without IPv6
                return False
    return True


def _taken(error: OSError) -> bool:
    import errno

    return error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EPERM)


def _warm() -> None:
    """While the browser is on its way: what else the first visitor would wait for."""
    from sim.ui.warming import warm

    warm()
    # Streamlit has all garbage looked for after every run of a page. What is loaded by now (170,000 objects) never is garbage:
    # left out of the search, it saves a move a fifth of its time.
    gc.collect()
    gc.freeze()


def _announce(port: int, browser: bool, says: str) -> None:
    """Say the address once the app answers there, not before."""
    from http.client import HTTPConnection, HTTPException

    address = f"http://{HOST}:{port}"
    end = time.monotonic() + LONGEST_START_S
    while time.monotonic() < end:
        connection = HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                print(says.format(address=address), flush=True)
                if browser:
                    webbrowser.open(address)
                return _warm()
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
