"""TrainDesk for one's own computer. Start it with `streamlit run dashboard.py`, which opens a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.middleware import Middleware
from streamlit import get_option
from streamlit.cli_util import open_browser
from streamlit.starlette import App
from streamlit.web.server.server_util import get_url

from core.text.encoding import print_utf8
from pages.components.shell.downloads import ROUTE
from pages.components.shell.own_origin import OwnOrigin
from pages.components.shell.whole_pages import keep_pages_whole
from pages.components.system.keeping import erasing

print_utf8()
keep_pages_whole()


@asynccontextmanager
async def opened(app: App) -> AsyncIterator[None]:
    """Sends the browser here, as Streamlit does for what is no app of ASGI: the port is taken by now, whoever asks waits."""
    if not get_option("server.headless"):
        open_browser(get_url(get_option("server.address") or "localhost"))
    async with erasing(app):
        yield


app = App(Path(__file__).with_name("home.py"), lifespan=opened, routes=[ROUTE], middleware=[Middleware(OwnOrigin)])
