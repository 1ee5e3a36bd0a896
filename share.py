"""The dashboard behind a gate, for `streamlit run`. Start it with `make share` or `python -m core share`."""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit import get_option
from streamlit.starlette import App

from core.sharing import take_authenticator
from core.text.encoding import print_utf8
from pages.components.shell.downloads import ROUTE
from pages.components.shell.gate import Gate
from pages.components.shell.own_origin import OwnOrigin
from pages.components.shell.whole_pages import keep_pages_whole
from pages.components.system.keeping import erasing

print_utf8()
keep_pages_whole()
app = App(
    Path(__file__).with_name("home.py"),
    lifespan=erasing,
    routes=[ROUTE],
    middleware=[
        Middleware(OwnOrigin),
        Middleware(Gate, authenticator=take_authenticator(), is_encrypted=bool(get_option("server.sslCertFile"))),
    ],
)
