"""Work in the background stands back in the database as it does outside."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection

from marketplace import standing_back

CONNECT = """
import json, os, sys
from django.conf import settings
settings.configure(DATABASES={"default": json.loads(sys.argv[1])})
from django.db import connection
from django.db.backends.signals import connection_created
from marketplace.standing_back import stand_back
connection_created.connect(stand_back)
connection.ensure_connection()
print(os.getpriority(os.PRIO_PROCESS, connection.connection.info.backend_pid))
"""
linux = pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="no /proc here")


@linux
@pytest.mark.django_db
@pytest.mark.parametrize("nice", [0, 7])
def test_the_servers_process_is_as_nice_as_the_program(nice):
    names = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
    given = json.dumps({name: connection.settings_dict[name] for name in names})
    done = subprocess.run(
        ["nice", "-n", str(nice), sys.executable, "-c", CONNECT, given], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == str(os.getpriority(os.PRIO_PROCESS, 0) + nice), done.stderr


@linux
@pytest.mark.parametrize(("host", "name"), [("db", "postgres"), ("127.0.0.1", "python")])
def test_a_process_that_is_not_the_databases_own_is_left_alone(monkeypatch, host, name):
    changed = []
    monkeypatch.setattr(standing_back.os, "getpriority", lambda _which, pid: 0 if pid else 10)
    monkeypatch.setattr(standing_back.os, "setpriority", lambda *given: changed.append(given))
    monkeypatch.setattr(standing_back.Path, "read_text", lambda path: f"{name}\n")
    server = SimpleNamespace(info=SimpleNamespace(backend_pid=os.getpid()))
    standing_back.stand_back(SimpleNamespace(settings_dict={"HOST": host}, connection=server))
    assert not changed
    monkeypatch.setattr(standing_back.Path, "read_text", lambda path: "postgres\n")
    standing_back.stand_back(SimpleNamespace(settings_dict={"HOST": "/run/sockets"}, connection=server))
    assert changed == [(os.PRIO_PROCESS, os.getpid(), 10)]
