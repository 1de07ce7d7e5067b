"""A refusal on a page speaks the session's language. (Here, since what a page leaves behind in Python is put back in this folder.)"""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def test_the_app_refuses_in_the_language_of_the_session() -> None:
    def page() -> None:
        from sim.texts import words
        from sim.ui import parts

        parts.refused("payment.redirects: 99 is out of bounds; 1 to 8 is allowed.", words("zh"))

    (shown,) = AppTest.from_function(page, default_timeout=30).run().error
    assert "超出范围；可取 1 到 8。" in shown.value
