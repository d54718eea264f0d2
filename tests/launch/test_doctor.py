"""``python -m pycylon doctor``. That it tells NATs apart is tested where there are some: gocore/comm/nat."""

import json
import os
import socket
import subprocess
import sys

import pytest

from pycylon import doctor
from pycylon._native import abi
from pycylon.launch.local import job_token


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture
def server():
    listen = "127.0.0.1:0,127.0.0.1:0,127.0.0.2:0" + (",[::1]:0" if has_ipv6() else "")
    service = abi.start_service("rendezvous", {"listen": listen})
    yield service.info["address"]
    service.stop()


def run(*arguments, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "pycylon", "doctor", *arguments],
        env=dict(os.environ, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def test_one_machine(server):
    first = server.split(",")[0]
    done = run("--server", first)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0, err
    assert f"server       {first}, answers in" in out
    assert "no NAT" in out
    assert "anybody is let in" in out


def test_one_machine_as_json(server):
    done = run("--server", server, "--json")
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0, err
    four, *six = json.loads(out)["families"]
    assert four["family"] == "IPv4"
    assert four["mapping"] == "endpoint-independent"
    assert four["filtering"] == "endpoint-independent"
    assert not four["translated"]
    assert [family["family"] for family in six] == ["IPv6"] * has_ipv6()
    assert [family["mapping"] for family in six] == ["unknown"] * has_ipv6(), "it has one address there"


def test_two_machines(server, tmp_path):
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text(job_token(server, 2))
    both = [run(*form, PYCYLON_TOKEN_FILE=str(token)) for form in ([], ["--json"])]
    (text, err), (as_json, _) = (one.communicate(timeout=60) for one in both)
    assert [one.returncode for one in both] == [0, 0], err
    pair = json.loads(as_json)["pair"]
    assert pair["best"] == "loopback"
    assert pair["ways"][0]["works"]
    assert min(pair["ways"][0]["mb_per_s"]) > 1
    assert "ranks of these machines take loopback" in text
    assert "The ranks connect directly" in text


def test_the_other_machine_does_not_come(server, tmp_path):
    token = tmp_path / "token"
    token.write_text(job_token(server, 2))
    done = run("--timeout", "1", PYCYLON_TOKEN_FILE=str(token))
    out, _ = done.communicate(timeout=60)
    assert done.returncode == doctor.NONE
    assert "absent: rank" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no rendezvous server to ask"),
        (["--server", "127.0.0.1:1"], "does not answer"),
        (["--server", "no.invalid:1"], "check the name"),
    ],
)
def test_errors(arguments, says):
    done = run(*arguments, PYCYLON_TOKEN="", PYCYLON_TOKEN_FILE="")
    out, err = done.communicate(timeout=60)
    assert done.returncode == 1
    assert says in err
    assert out == ""


def family(**changes):
    return {
        "family": "IPv4",
        "server": "203.0.113.1:7077",
        "rtt_ms": 12.3,
        "local": "10.0.0.2:12000",
        "public": "198.51.100.2:40000",
        "translated": True,
        "mapping": "address-dependent",
        "port_preserved": False,
        "filtering": "address-and-port-dependent",
        "answers_with_rst": True,
        "hairpinning": False,
    } | changes


def test_report_of_a_nat():
    text = doctor.report({"families": [family()], "pair": None, "failure": "", "advice": ["Change it."]})
    assert text.splitlines() == [
        "IPv4",
        "  server       203.0.113.1:7077, answers in 12.3 ms",
        "  address      10.0.0.2:12000, seen as 198.51.100.2:40000",
        "  mapping      address-dependent, port changed",
        "  filtering    address-and-port-dependent, the rest is answered with RST",
        "  hairpinning  no",
        "",
        "Change it.",
    ]


@pytest.mark.parametrize(
    ("best", "failure", "status"),
    [("punched", "", 0), ("relay", "", 3), ("s3", "", 3), ("", "", 4), (None, "", 0), (None, "nobody came", 4)],
)
def test_exit_status(best, failure, status):
    pair = None if best is None else {"best": best}
    assert doctor.status({"pair": pair, "failure": failure}) == status
