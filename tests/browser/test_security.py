"""What the server of one's own computer refuses, asked as an attacker would: see SECURITY.md."""

import http.client
import re
import urllib.parse
from functools import partial
from http.cookies import SimpleCookie

import psutil
import pytest
from playwright.sync_api import expect

from core.image_sets.folders import delete_dataset
from core.runs.metadata import change_metadata
from core.runs.trash import delete_run
from tests.browser.conftest import ROOT
from tests.browser.hands import go
from tests.desk import Desk, Visitor
from tests.helpers import answers
from tests.own import own_dataset
from tests.pages.fake_runs import fake_run

pytestmark = pytest.mark.browser

NASTY = (
    '<img src=x onerror="window.hacked=1"> <script>window.hacked=1</script> ![p](https://evil.example/p.png) '
    "[l](javascript:hacked=1)"
)
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "streamlit",
}
PARTED = "boundary=end"
SMALL = (
    b'--end\r\nContent-Disposition: form-data; name="file"; filename="small.zip"\r\n'
    b"Content-Type: application/zip\r\n\r\nPK\r\n--end--\r\n"
)


def ask(server, method, path, headers=None, body=None):
    """(status, headers) without anything a browser adds."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers={"Host": address.netloc, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders())
    finally:
        connection.close()


def test_only_this_computer_reaches_it(server):
    port = urllib.parse.urlsplit(server.url).port
    process = psutil.Process(server.process.pid)
    family = [process, *process.children(recursive=True)]
    listening = [
        each.laddr.ip
        for sockets in answers(family, partial(psutil.Process.net_connections, kind="inet")).values()
        for each in sockets
        if each.status == psutil.CONN_LISTEN and each.laddr.port == port
    ]
    assert listening and set(listening) == {"127.0.0.1"}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "192.168.1.5", "localhost.evil.example"])
def test_a_foreign_name_for_this_computer_is_refused(server, host):
    """DNS rebinding: a page of someone else's makes its own name point to 127.0.0.1."""
    origin = {"Host": host, "Origin": f"http://{host}"}
    assert ask(server, "GET", "/_stcore/stream", {**UPGRADE, **origin})[0] == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "http://localhost", "null"])
def test_a_page_of_someone_else_cannot_talk_to_it(server, origin):
    """Cross-site WebSocket hijacking, also from what another program serves on another port of this computer."""
    assert ask(server, "GET", "/_stcore/stream", {**UPGRADE, "Origin": origin})[0] == 403
    assert ask(server, "PUT", "/_stcore/upload_file/session/file", {"Origin": origin}, b"x")[0] == 403
    assert ask(server, "GET", "/_stcore/stream", UPGRADE)[0] == 403, "of no page at all"
    own = ask(server, "GET", "/_stcore/stream", {**UPGRADE, "Origin": server.url})[0]
    assert own == 101, "the test's own handshake is right"


def test_other_sites_are_not_allowed_to_read_answers(server):
    for path in ("/", "/_stcore/health", "/_stcore/host-config"):
        _, headers = ask(server, "GET", path, {"Origin": "https://evil.example"})
        assert headers.get("Access-Control-Allow-Origin", "") not in ("*", "https://evil.example"), path


def test_an_upload_without_the_browsers_token_is_refused(server):
    """Cross-site request forgery."""
    status, _ = ask(server, "PUT", "/_stcore/upload_file/some-session/some-file", {"Content-Type": "text/plain"}, b"x")
    assert status in (400, 403)


@pytest.mark.parametrize(
    "path",
    [
        "/app/static/../home.py",
        "/app/static/%2e%2e/home.py",
        "/app/static/..%2f.streamlit/config.toml",
        "/static/..%2f..%2fhome.py",
        "/app/static/%2fetc/passwd",
        "/media/..%2f..%2fetc/passwd",
    ],
)
def test_no_file_of_the_computer_is_served(server, path):
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.request("GET", path)
    content = connection.getresponse().read()
    connection.close()
    assert b"open_page" not in content and b"allowedHosts" not in content and b"root:" not in content


def test_the_server_itself_enforces_the_size_of_an_upload(server):
    """Whatever the browser says: the widget's own limit binds only the browser."""
    _, headers = ask(server, "GET", "/_stcore/health")
    token = SimpleCookie(headers["set-cookie"])["_streamlit_xsrf"].value
    headers = {
        "Cookie": f"_streamlit_xsrf={token}",
        "X-Xsrftoken": token,
        "Content-Type": f"multipart/form-data; {PARTED}",
    }
    with Visitor(Desk(server.url, server.process)) as visitor:
        place = f"/_stcore/upload_file/{visitor.open('glossary').session}/file"
        assert ask(server, "PUT", place, headers, SMALL)[0] == 204, "the test's own upload is right"
        assert ask(server, "PUT", place, {**headers, "Content-Length": str(2 * 10**9)})[0] == 413


def test_names_that_people_give_are_text_and_never_code(visit, server, data_folder, tmp_path):
    run = fake_run(server.runs, "finished")
    change_metadata(run, title=NASTY[:80], note=NASTY, tags=["<script>hacked=1</script>"])
    dataset = own_dataset(data_folder, tmp_path, {"<img src=x onerror=hacked=1>": 12, "![p](//evil.example/q.png)": 12})
    dataset.set_about(title=NASTY[:80])
    try:
        page = visit().page  # at its end: no error, no request to a foreign host
        for path in (
            "runs",
            f"run?run={run.id}",
            f"compare?runs={run.id}",
            f"data?set={dataset.id}",
            f"train?from={run.id}",
            "run?run=<script>window.hacked=1</script>",
        ):  # fmt: skip
            address = f"{server.url}/{path}"
            page.goto(address) if page.url == "about:blank" else go(page, address)
            expect(page.get_by_role("heading", level=1).first).to_be_visible()
            expect(page.get_by_test_id("stStatusWidget")).to_be_hidden()
            assert page.evaluate("window.hacked === undefined"), path
            if path == f"run?run={run.id}":
                expect(page.get_by_text(re.compile(r"<img src=x onerror")).first).to_be_visible()
            assert page.locator("img[src='x'], img[src*='evil'], a[href^='javascript']").count() == 0, path
    finally:
        delete_dataset(dataset)
        delete_run(run)


def test_nothing_is_counted_and_streamlits_own_protections_stay_on():
    settings = (ROOT / ".streamlit" / "config.toml").read_text()
    assert (
        "gatherUsageStats = false" in settings
        and "enableXsrfProtection" not in settings
        and "enableCORS" not in settings
    )
