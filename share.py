"""The dashboard behind a gate, for `streamlit run`. Start it with `make share` or `python -m core share`."""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit import get_option
from streamlit.starlette import App

from core.sharing import required_authenticator
from pages.components.shell.gate import Gate

app = App(
    Path(__file__).parent / "dashboard.py",
    middleware=[
        Middleware(Gate, authenticator=required_authenticator(), is_encrypted=bool(get_option("server.sslCertFile")))
    ],
)
