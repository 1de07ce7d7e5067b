"""The app's frame: page config, navigation, and the last net under every page."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st

from sim.errors import UserError
from sim.ui import journal, people, recovery
from sim.ui.parts import plain
from sim.ui.state import session
from sim.wording.refusals import in_language

PAGES = Path(__file__).parent / "pages"
ROOM = "<style>.stMainBlockContainer{padding:4.2rem 2rem 3rem}</style>"  # a page's margins: Streamlit has no option for them
# The row under the tiles has room for two lines, whichever it says: what follows does not jump at the first move.
ROWS = "<style>.st-key-in_words{min-height:3.25rem}</style>"
# A figure's line is as tall without Chinese letters as with them, so that tiles side by side stand level; a narrow tile's label wraps.
LEVEL = (
    "<style>[data-testid=stMetricValue] *{line-height:1.35}"
    "[data-testid=stMetricLabel] .stMarkdownEllipsis,[data-testid=stMetricLabel] p{white-space:normal;overflow:visible}</style>"
)
# Who goes through the page by keyboard sees where they are; Streamlit marks all but these.
FOCUS = (
    "<style>:is([data-testid=stTopNavLink],[data-testid=stElementToolbar] button):focus-visible"
    "{outline:3px solid color-mix(in srgb,currentColor 55%,transparent);outline-offset:1px}"
    "[data-testid=stElementToolbar]:focus-within{opacity:1}</style>"
)
# White on the dark theme's blue has a contrast of 3.5, the ground's own colour on it one of 5.2; Streamlit has no option for that.
DARK = (
    "<style>:is([data-testid^=stBaseButton-primary],.stMultiSelect [data-baseweb=tag]):not(:disabled),"
    ":is([data-testid^=stBaseButton-primary],.stMultiSelect [data-baseweb=tag]):not(:disabled) *{color:#12171B}</style>"
)
# Streamlit's box for uploads speaks English alone.
UPLOAD = (
    "<style>[data-testid=stFileUploaderDropzone] button p,[data-testid=stFileUploaderDropzoneInstructions] span{{font-size:0}}"
    "[data-testid=stFileUploaderDropzone] button p::after{{content:'{button}';font-size:.875rem}}"
    "[data-testid=stFileUploaderDropzoneInstructions] span::after{{content:'{most}';font-size:.875rem}}</style>"
)
# Buttons with an icon alone still have a name for who cannot see it: Streamlit has no option for a label that is only read out.
UNSEEN = (
    "<style>:is(.st-key-undo,.st-key-redo,[class*='st-key-more-'],[class*='st-key-reset-']) button [data-testid=stMarkdownContainer]"
    "{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}</style>"
)
ICON = (  # drawn here: a named icon would be fetched from the internet
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><path d='M3 5h26l-10 12v11l-6-4v-7z' fill='#0072B2'/></svg>"
)
LOG = logging.getLogger("sim.ui")


def main() -> None:
    state = session()
    say = state.say
    st.set_page_config(page_title=say["app.title"], page_icon=ICON, layout="wide", initial_sidebar_state=330)
    spoken = "" if state.language == "en" else UPLOAD.format(button=say["files.upload_button"], most=say["files.upload_most"])
    st.html(ROOM + ROWS + LEVEL + FOCUS + UNSEEN + spoken + (DARK if st.context.theme.type == "dark" else ""))
    if people.shut_out(state):
        return
    state.user = state.user or people.user()
    state.author = state.author or journal.author_of(state.user) or people.proposed_author()
    if st.query_params.get("lang") != state.language:
        st.query_params["lang"] = state.language
    page = st.navigation(
        [
            plan := st.Page(PAGES / "plan.py", title=say["app.plan"], icon=":material/tune:", url_path="start", default=True),
            st.Page(lambda: st.switch_page(plan), title=say["app.plan"], url_path="plan", visibility="hidden"),  # typed or bookmarked
            st.Page(PAGES / "compare.py", title=say["app.compare"], icon=":material/compare_arrows:", url_path="compare"),
            st.Page(PAGES / "drivers.py", title=say["app.drivers"], icon=":material/tornado:", url_path="drivers"),
            st.Page(PAGES / "decide.py", title=say["app.decide"], icon=":material/signpost:", url_path="decide"),
            st.Page(PAGES / "sweeps.py", title=say["app.sweeps"], icon=":material/grid_on:", url_path="sweeps"),
            st.Page(PAGES / "evidence.py", title=say["app.evidence"], icon=":material/fact_check:", url_path="evidence"),
            st.Page(PAGES / "calibrate.py", title=say["app.calibrate"], icon=":material/storefront:", url_path="calibrate"),
        ],
        position="top",
    )
    recovery.keep(state)
    recovery.offer(state)
    try:
        page.run()
    except UserError as error:
        st.error(say["app.refused"].format(says=plain(in_language(error.message, say.language))), icon=":material/error:")
    except Exception as error:
        LOG.exception("a page failed")
        st.error(say["app.broken"].format(kind=type(error).__name__), icon=":material/error:")
