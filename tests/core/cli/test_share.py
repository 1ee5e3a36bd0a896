"""What python -m core run and share start, make up and pass on."""

import socket
from pathlib import Path

import pytest

from core.cli.main import command_line, main
from core.cli.share import made_up_password, server_command
from core.machine.certificate import ensure_certificate, fingerprint
from tests.helpers import assert_one_sentence, closed_port


def test_made_up_passwords_are_long_enough_and_always_others():
    made = [made_up_password(2) for _ in range(200)]
    assert len(set(made)) == 200 and all(len(password) == 9 for password in made)
    assert not set("".join(made)) & set("il1o0OI")


def test_the_server_answers_to_its_own_names_only():
    options = command_line().parse_args(["share", "--port", "8600", "--name", "desk.school"])
    command = server_command(options, [*options.name, "10.0.0.7"])
    assert {"--server.port=8600", "--server.address=0.0.0.0"} <= set(command)
    hosts = {part.partition("=")[2] for part in command if part.startswith("--server.allowedHosts=")}
    assert {"localhost", "127.0.0.1", "desk.school", "10.0.0.7"} <= hosts and "*" not in hosts
    assert not any("sslCertFile" in part for part in command)


def test_https_makes_a_certificate_for_every_name_and_says_its_fingerprint(server, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["share", "--https", "--port", str(closed_port()), "--name", "desk.school", "--runs", str(tmp_path)])
    command = server[-1][0]
    made = tmp_path / ".traindesk" / "https" / "certificate.pem"
    assert f"--server.sslCertFile={made}" in command and f"--server.sslKeyFile={made.with_name('key.pem')}" in command
    said = capsys.readouterr().out
    assert "https://desk.school:" in said and "http://" not in said and fingerprint(made) in said
    asked = {part.partition("=")[2] for part in command if part.startswith("--server.allowedHosts=")}
    ensure_certificate(made.parent, asked)
    assert fingerprint(made) in said, "it names all under which the server answers"


def test_https_with_a_certificate_of_ones_own_or_a_made_one_not_both(server, tmp_path, capsys):
    words = ["share", "--https", "--certificate", "a.pem", "--key", "b.pem", "--runs", str(tmp_path)]
    assert main(words) == 1 and not server
    assert_one_sentence(capsys.readouterr().err.strip(), "--https", "--certificate")


def test_without_https_it_is_said_what_that_costs(server, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["share", "--port", str(closed_port()), "--runs", str(tmp_path)])
    said = capsys.readouterr().out
    assert "http://" in said and "cameras of phones stay closed: --https opens them" in said


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_is_said_before_any_password(address, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("core.cli.share.run_in_place", lambda *_: pytest.fail("the server is not started"))
    monkeypatch.setattr("core.cli.share.os.environ", {})
    with socket.create_server((address, 0)) as other:
        port = other.getsockname()[1]
        assert main(["share", "--address", address, "--port", str(port), "--runs", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert_one_sentence(said.err.strip(), f"port {port}", "--port")
    assert "password" not in said.out


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_no_computer_has_is_one_sentence(port, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("core.cli.share.os.environ", {})
    assert main(["share", "--port", str(port), "--runs", str(tmp_path)]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), f"port {port}")


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Notes how the server would be started, and has it end with status 7."""
    noted = []
    monkeypatch.setattr(
        "core.cli.share.os.environ", {"TRAINDESK_PASSWORD": "a-guest-word", "TRAINDESK_HOST_PASSWORD": "a-host-word"}
    )
    monkeypatch.setattr("core.cli.share.os.chdir", lambda folder: noted.append(folder))
    monkeypatch.setattr("core.cli.share.in_utf8", lambda: {"PYTHONUTF8": "1"})
    monkeypatch.setattr("core.cli.share.run_in_place", lambda command, env: noted.append((command, env)) or 7)
    return noted


@pytest.mark.parametrize(("name", "program"), [("run", "dashboard.py"), ("share", "share.py")])
def test_the_dashboard_opens_as_streamlit_does_it_and_its_exit_status_is_the_commands(name, program, server, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main([name, "--port", "8600", "--runs", str(tmp_path), "--data", str(tmp_path / "data")])
    assert ended.value.code == 7
    folder, (command, env) = server
    assert (
        command[1:4] == ["-m", "streamlit", "run"] and Path(command[4]).is_file() and Path(command[4]).name == program
    )
    assert "--server.port=8600" in command and env["PYTHONUTF8"] == "1"
    assert (folder / ".streamlit" / "config.toml").is_file(), "its settings are those of the folder where it begins"


def test_on_ones_own_computer_streamlits_settings_hold(server):
    for words, more in ([], []), (["--no-browser"], ["--server.headless=true"]):
        with pytest.raises(SystemExit):
            main(["run", *words])
        assert server[-1][0][5:] == more
