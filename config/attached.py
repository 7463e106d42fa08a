"""Runs one program in place of this one, tied to the life of whoever started it.

    attached.py [--user NAME] [--stop-signal NAME] [--bare] [--group-file FILE] [--nice N]
        [--server-data FOLDER [--server-sockets FOLDER]] -- PROGRAM [ARGUMENT ...]

``--user`` drops root for good. ``--stop-signal`` is what the kernel sends to the program when the
starting process dies, however it dies, so that a killed launcher leaves nothing behind (Linux;
elsewhere only the orderly stop works). ``--bare`` keeps the portal's keys out of the program's
environment. ``--group-file`` remembers the program's process group, and ends what a killed one left of
it before the next one starts. ``--nice`` is how much the program stands back when all want the processor.
``--server-data`` and ``--server-sockets`` are the folders of a PostgreSQL server that is about to start
again.

Standard library only, and run by path (``python -I -S``): it starts in a few milliseconds, and once
PROGRAM runs nothing of it is left.
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
SECONDS_FOR_OLD_SERVER = 15
SECONDS_FOR_OLD_GROUP = 5


def die_with_parent(stop_signal: signal.Signals) -> None:
    """Ask the kernel for ``stop_signal`` when the parent ends; the wish survives ``exec``.

    Must come after a change of user, which clears it.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died in between, before the kernel knew of the wish
        os.kill(os.getpid(), stop_signal)


def become(user: str) -> None:
    """Give up root for ``user``, supplementary groups included."""
    account = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def processes_in(folder: Path) -> list[int]:
    """Processes whose working directory is ``folder``: a PostgreSQL server and its children.

    Empty where the system has no /proc; PostgreSQL's own lock file decides there.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if entry.readlink() == folder:
                found.append(int(entry.parent.name))
        except OSError:
            continue  # gone meanwhile, or somebody else's
    return found


def clear_dead_server(data: Path, sockets: Path | None) -> None:
    """Make sure that nothing of an earlier server works on ``data``, and remove its stale lock files.

    After a SIGKILL of the postmaster its children end by themselves within moments; until then they
    use the old shared memory and a new server must not start. A lock file that outlived all of them
    (a killed machine) may name a process number that belongs to another program by now, and
    PostgreSQL would refuse to start for as long as that program runs.
    """
    deadline = time.monotonic() + SECONDS_FOR_OLD_SERVER
    while processes_in(data):
        if time.monotonic() > deadline:
            sys.exit(f"another PostgreSQL server still works in {data}")
        time.sleep(0.05)
    if Path("/proc/self/cwd").exists():
        (data / "postmaster.pid").unlink(missing_ok=True)
        for lock in sockets.glob(".s.PGSQL.*.lock") if sockets else ():
            lock.unlink()


def members(group: int) -> list[int]:
    """Processes of a process group of this session. Empty where the system has no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        try:
            if os.getpgid(pid) == group and os.getsid(pid) == os.getsid(0):
                found.append(pid)
        except OSError:
            continue
    return found


def clear_dead_group(file: Path) -> None:
    """End what the last incarnation of this program left behind, then note our own group in ``file``.

    When the main process of a web server is killed with SIGKILL its workers go on, and would share the
    port with the new ones for ever. The session guards against a number that was given anew: it is the
    process manager's, and nothing else runs in it.
    """
    try:
        group = int(file.read_text())
    except (FileNotFoundError, ValueError):
        group = 0
    if group not in (0, os.getpgrp()):
        deadline = time.monotonic() + SECONDS_FOR_OLD_GROUP
        for stop_signal in (signal.SIGTERM, signal.SIGKILL):
            for pid in members(group):
                os.kill(pid, stop_signal)
            while members(group) and time.monotonic() < deadline:
                time.sleep(0.05)
    file.write_text(str(os.getpgrp()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="attached.py")
    parser.add_argument("--user")
    parser.add_argument("--stop-signal", default="TERM")
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--group-file", type=Path)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--server-data", type=Path)
    parser.add_argument("--server-sockets", type=Path)
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()

    if arguments.user:
        become(arguments.user)
    die_with_parent(signal.Signals[f"SIG{arguments.stop_signal}"])
    if arguments.group_file:
        clear_dead_group(arguments.group_file)
    if arguments.server_data:
        clear_dead_server(arguments.server_data, arguments.server_sockets)
    os.nice(arguments.nice)
    environment = dict(os.environ)
    if arguments.bare:
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    os.execve(arguments.program[0], arguments.program, environment)  # noqa: S606  # nosec B606  # that is what we are for


if __name__ == "__main__":
    main()
