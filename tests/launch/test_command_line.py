"""``python -m pycylon``."""

import base64
import os
import signal
import subprocess
import sys
import time

import pytest

import pycylon
from pycylon.__main__ import main


def command(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "pycylon", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=dict(os.environ, **variables),
        cwd="/",
    )


@pytest.mark.parametrize("name", ["run", "rendezvous", "token", "doctor", "demo"])
def test_help_teaches(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) > 8


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"pycylon {pycylon.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["run", "-n", "0", "script.py"], ["token"]])
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: pycylon" in capsys.readouterr().err


def test_run(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, pycylon as pc\n"
        "with pc.CylonEnv() as env:\n"
        "    env.barrier()\n"
        "    print(env.rank, env.world_size, sys.argv[1:], __name__)\n"
    )
    done = command("run", "-n", "3", str(script), "--flag", "x")
    assert done.returncode == 0, done.stderr
    expected = [f"[rank {rank}] {rank} 3 ['--flag', 'x'] __main__" for rank in range(3)]
    assert sorted(done.stdout.splitlines()) == expected


def test_run_ends_with_the_status_of_the_first_failure(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import os, sys, time\nif os.environ['PYCYLON_RANK'] == '1': sys.exit(7)\ntime.sleep(60)\n")
    assert command("run", "-n", "2", str(script)).returncode == 7


@pytest.mark.parametrize("wait", [0, 0.5])
def test_run_ends_with_the_status_of_the_cause_whichever_rank_ends_first(tmp_path, wait):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time, pycylon as pc\n"
        "try:\n"
        "    with pc.CylonEnv() as env:\n"
        "        env.barrier()\n"
        "        if env.rank == 1: sys.exit(3)\n"
        "        env.barrier()\n"
        "finally:\n"
        f"    if env.rank == 1: time.sleep({wait})\n"
    )
    done = command("run", "-n", "3", str(script))
    assert done.returncode == 3, done.stderr
    assert "RemoteError" in done.stderr or "PeerLost" in done.stderr


def test_errors_are_one_line(tmp_path):
    done = command("rendezvous", "--listen", "192.0.2.1:0", "--state", str(tmp_path / "state"))
    assert done.returncode == 1
    assert done.stderr.startswith("pycylon rendezvous: ")
    assert len(done.stderr.splitlines()) == 1


def test_rendezvous_and_token_for_ranks_started_elsewhere(tmp_path):
    state = tmp_path / "state"
    server = subprocess.Popen(
        [sys.executable, "-m", "pycylon", "rendezvous", "--listen", "127.0.0.1:0", "--state", str(state)],
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    try:
        line = server.stdout.readline()
        address = line.split(" listens on ")[1].split(",")[0]
        done = command("token", "--rendezvous", address, "--state", str(state), "--world-size", "2")
        assert done.returncode == 0, done.stderr
        token = tmp_path / "token"
        token.touch(0o600)
        token.write_text(done.stdout)
        ranks = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "import pycylon as pc\nwith pc.CylonEnv() as env: print(env.rank, env.world_size)",
                ],
                env=dict(os.environ, PYCYLON_TOKEN_FILE=str(token), PYCYLON_WORLD_SIZE="2"),
                stdout=subprocess.PIPE,
                text=True,
                cwd="/",
            )
            for _ in range(2)
        ]
        assert sorted(rank.communicate(timeout=60)[0] for rank in ranks) == ["0 2\n", "1 2\n"]
    finally:
        server.terminate()
        assert server.wait(timeout=20) == 0
        server.stdout.close()


class Rendezvous:
    """A server in a process of its own."""

    def __init__(self, tmp_path, *options):
        self.state, self.log = tmp_path / "state", tmp_path / "log"
        command_line = ["-m", "pycylon", "rendezvous", "--listen", "127.0.0.1:0", "--state", str(self.state), *options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command_line], stdout=subprocess.PIPE, stderr=log, text=True, cwd="/"
            )
        self.address = self.process.stdout.readline().split(" listens on ")[1].split(",")[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def rank(self, token, timeout=20):
        code = f"import pycylon as pc; pc.CylonEnv(connect_timeout={timeout}).finalize()"
        return subprocess.Popen(
            [sys.executable, "-c", code],
            env=dict(os.environ, PYCYLON_TOKEN=token, PYCYLON_WORLD_SIZE=token_world(token)),
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def token(self, world_size):
        arguments = ["--rendezvous", self.address, "--state", str(self.state), "--world-size", str(world_size)]
        return command("token", *arguments).stdout.strip()

    def logged(self, text):
        deadline = time.monotonic() + 20
        while text not in self.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        return text in self.log.read_text()


def token_world(token):
    body = base64.urlsafe_b64decode(token.removeprefix("pcy1.") + "===")
    return str(int.from_bytes(body[34:38], "little"))


def test_a_rendezvous_server_that_is_terminated_lets_jobs_form_that_have_begun(tmp_path):
    with Rendezvous(tmp_path) as server:
        token, other = server.token(2), server.token(1)
        first = server.rank(token)
        assert server.logged("job begins")
        server.process.terminate()
        assert server.logged("draining")
        refused = server.rank(other, timeout=1)
        assert "about to stop" in refused.communicate()[1]
        second = server.rank(token)
        assert [first.communicate()[1], second.communicate()[1]] == ["", ""]
        assert server.process.wait(timeout=20) == 0
        assert server.logged("drained")
        text = server.log.read_text()
        assert "job formed" in text
        assert token not in text


def test_a_rendezvous_server_does_not_drain_for_longer_than_it_may(tmp_path):
    with Rendezvous(tmp_path, "--drain", "0.1") as server:
        first = server.rank(server.token(2))
        assert server.logged("job begins")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=10) == 0
        assert "UnreachableError" in first.communicate()[1]


def test_a_second_signal_ends_a_rendezvous_server_at_once(tmp_path):
    with Rendezvous(tmp_path, "--drain", "60") as server:
        waits = server.rank(server.token(2))
        assert server.logged("job begins")
        server.process.terminate()
        assert server.logged("draining")
        server.process.terminate()
        assert server.process.wait(timeout=10) == -signal.SIGTERM
        waits.communicate()


def test_limits_of_a_rendezvous_server(tmp_path):
    with Rendezvous(tmp_path, "--max-world-size", "2", "--relay-bytes-per-job", "1GiB", "--log-level", "off") as server:
        refused = server.rank(server.token(3))
        assert "takes at most 2" in refused.communicate()[1]
        assert server.log.read_text() == ""


@pytest.mark.parametrize(
    "option", [["--max-jobs", "0"], ["--drain", "-1"], ["--relay-bytes-per-job", "much"], ["--log-level", "loud"]]
)
def test_wrong_limits(option, capsys):
    with pytest.raises(SystemExit) as end:
        main(["rendezvous", "--state", "x", *option])
    assert end.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_run_fails_when_a_rank_leaves_in_the_middle(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, pycylon as pc\nwith pc.CylonEnv() as env:\n    if env.rank == 1: os._exit(0)\n    env.barrier()\n"
    )
    done = command("run", "-n", "2", str(script))
    assert done.returncode == 1
    assert "[rank 1] the process ended with exit status 0" in done.stderr
    assert f'[rank 0]   File "{script}", line 4' in done.stderr
    assert "runpy" not in done.stderr


def test_run_without_a_script():
    done = command("run", "nowhere.py")
    assert (done.returncode, done.stderr) == (1, "pycylon run: there is no script nowhere.py\n")


def test_world_size_without_a_token(tmp_path):
    code = [sys.executable, "-c", "import pycylon as pc; pc.CylonEnv()"]
    empty = tmp_path / "token"
    empty.touch()
    for variables, text in ({}, "need a job token"), ({"PYCYLON_TOKEN_FILE": str(empty)}, "is empty"):
        variables = {**os.environ, "PYCYLON_WORLD_SIZE": "4", **variables}
        done = subprocess.run(code, capture_output=True, text=True, check=False, timeout=60, env=variables)
        assert done.returncode == 1
        assert text in done.stderr


def test_no_token_from_a_folder_without_a_server(tmp_path, capsys):
    state = tmp_path / "typo"
    assert main(["token", "--rendezvous", "h:7077", "--state", str(state), "--world-size", "2"]) == 1
    assert f"start `pycylon rendezvous --state {state}` first" in capsys.readouterr().err
    assert not state.exists()


@pytest.mark.parametrize("address", ["h", "h:", ":7077", "h:0", "h:65536", "h:-1", "h:http"])
def test_addresses_that_cannot_be(address, capsys):
    with pytest.raises(SystemExit) as end:
        main(["token", "--rendezvous", address, "--state", "x", "--world-size", "2"])
    assert end.value.code == 2
    assert "port from 1 to 65535" in capsys.readouterr().err


def test_a_token_file_that_others_can_read_is_warned_of(tmp_path):
    (tmp_path / "server.key").touch()
    arguments = [sys.executable, "-m", "pycylon", "token", "--rendezvous", "h:1", "--state", str(tmp_path)]
    for mode, warned in ((0o644, True), (0o600, False)):
        path = tmp_path / f"token-{mode}"
        path.touch(mode)
        path.chmod(mode)
        with path.open("w") as file:
            done = subprocess.run(
                [*arguments, "--world-size", "2"], stdout=file, stderr=subprocess.PIPE, text=True, check=False, cwd="/"
            )
        assert ("chmod 600" in done.stderr) == warned
