"""nginx in front of the web server of `make run`, where its wheel exists for the platform.

The same config/nginx.conf as in docker-compose.yml, filled in for one machine: slow clients cost no web
thread, and an overload is answered at once instead of being queued until nobody gets an answer.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from config.embedded.home import give, locate, make_folder_for
from config.embedded.running import attached_command
from config.programs import BASE_DIR, sockets_of_processes

REQUESTS_PER_NODE = 24
SECOND_CHANCES_PER_NODE = 8
PAGES = ("overload.html", "plain.css", "mark.svg")


def web_socket(state: Path) -> Path:
    """The name by which the web server's sockets go when the proxy stands in front of it."""
    return locate(state).sockets / "web.sock"


def proxy_command(state: Path, host: str, port: int) -> list[str] | None:
    """nginx in the foreground on ``host:port``, with the web server's processes behind it.

    None where there is no nginx for this platform, or where its account may not listen on the port: the web
    server then listens by itself.
    """
    make_folder_for(locate(state).sockets, locate(state).user)
    processes = [f"unix:{socket}" for socket in sockets_of_processes(web_socket(state))]
    return front_command(state, host, port, processes, share=len(processes))


def front_command(
    state: Path, host: str, port: int, nodes: Sequence[str], name: str = "proxy", share: int = 1
) -> list[str] | None:
    """The same in front of these nodes (``unix:/path`` or ``address:port``), with its files in a folder ``name``.

    Where the web nodes are processes of one node, each has its ``share`` of that node's room.
    """
    home = locate(state)
    if home.nginx is None or (home.user is not None and port < 1024):
        return None
    folder = home.folder / name
    make_folder_for(folder, home.user)
    for name in PAGES:  # the account may not reach the checkout
        shutil.copy(BASE_DIR / "marketplace" / "static" / "app" / name, folder)
        give(folder / name, home.user)
    values = {
        "LISTEN": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "RESOLVER": "127.0.0.1",  # never asked: a socket has no name
        "REQUESTS_PER_NODE": str(REQUESTS_PER_NODE // share),
        "SECOND_CHANCES_PER_NODE": str(SECOND_CHANCES_PER_NODE // share),
        "SCHEME": "http",
        "PAGES": str(folder),
        "SCRATCH": str(folder),
        "ACCESS_LOG": "off",
        "TLS": "/dev/null",
        "MONITORING": "127.0.0.1",
    }
    lines = (BASE_DIR / "config" / "nginx.conf").read_text(encoding="utf-8").splitlines(keepends=True)
    # A line that names the web nodes stands there once for each of them.
    per_node = [
        line.replace("${TIREK_WEB}", node) for line in lines for node in (nodes if "${TIREK_WEB}" in line else [""])
    ]
    settings = folder / "nginx.conf"
    settings.write_text(re.sub(r"\$\{TIREK_([A-Z_]+)\}", lambda match: values[match[1]], "".join(per_node)))
    give(settings, home.user)
    options = ["--bare", "--group-file", str(folder / "proxy.group")]
    if home.user is not None:
        options += ["--user", home.user]
    nginx = [str(home.nginx), "-p", str(folder), "-c", str(settings), "-e", "stderr", "-g", "daemon off;"]
    return attached_command(nginx, *options)
