"""Who sits at the page, as far as the app can know: by the company's login, by its proxy, or because only this machine can reach it."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from sim.ui.state import Session

HERE = "local"  # the app is reached on this machine: one planner
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
# What a proxy in front of the app says of who has logged in. The app listens on this machine only: nobody else can say so.
HEADERS = ("X-Forwarded-Email", "X-Auth-Request-Email", "X-Forwarded-User", "X-Auth-Request-User", "Remote-User")


def user() -> str:
    """Tells planners apart; "" where the app cannot."""
    if known := logged_in():
        return known
    host = urlsplit(st.context.url or "").hostname or ""
    return HERE if host in LOCAL_HOSTS or not st.context.url else ""


def logged_in() -> str:
    """The address or name that a login gives; "" without one."""
    if st.user.get("is_logged_in"):
        return str(st.user.get("email") or st.user.get("name") or st.user.get("sub") or "")
    headers = st.context.headers
    return next((str(value) for header in HEADERS if (value := headers.get(header))), "")


def proposed_author() -> str:
    """What the author is likely called, from the login."""
    if st.user.get("is_logged_in") and st.user.get("name"):
        return str(st.user["name"])
    known = logged_in()
    return known.partition("@")[0] if "@" in known else known


def shut_out(state: Session) -> bool:
    """Where .streamlit/secrets.toml sets up a login ([auth]), nobody passes without it."""
    if not (st.secrets.load_if_toml_exists() and "auth" in st.secrets) or st.user.get("is_logged_in"):
        return False
    st.title(state.say["app.title"])
    st.button(state.say["people.login"], icon=":material/login:", on_click=st.login, key="login", type="primary")
    return True
