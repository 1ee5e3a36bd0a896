"""What python -m core share makes up and passes on."""

from core.cli.main import _parser
from core.cli.share import made_up_password, own_addresses, server_command


def test_made_up_passwords_are_long_enough_and_always_others():
    made = [made_up_password(2) for _ in range(200)]
    assert len(set(made)) == 200 and all(len(password) == 9 for password in made)
    assert not set("".join(made)) & set("il1o0OI")


def test_the_server_answers_to_its_own_names_only():
    options = _parser().parse_args(["share", "--port", "8600", "--name", "desk.school"])
    command = server_command(options, [*options.name, "10.0.0.7"])
    assert {"--server.port=8600", "--server.address=0.0.0.0"} <= set(command)
    hosts = {part.partition("=")[2] for part in command if part.startswith("--server.allowedHosts=")}
    assert {"localhost", "127.0.0.1", "desk.school", "10.0.0.7"} <= hosts and "*" not in hosts
    assert not any("sslCertFile" in part for part in command)
    assert all(not address.startswith("127.") for address in own_addresses())
