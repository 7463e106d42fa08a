"""nginx in front of the web server of `make run`, where its wheel exists for the platform.

The same config/nginx.conf as in docker-compose.yml, filled in for one machine: slow clients cost no web
thread, and an overload is answered at once instead of being queued until nobody gets an answer.
"""

import re
import shutil
from pathlib import Path

from config.embedded.home import give, locate, make_folder_for
from config.embedded.running import attached_command
from config.programs import BASE_DIR

REQUESTS_PER_NODE = 24
PAGES = ("overload.html", "plain.css", "mark.svg")


def web_socket(state: Path) -> Path:
    """Where the web server listens when the proxy stands in front of it."""
    return locate(state).sockets / "web.sock"


def proxy_command(state: Path, host: str, port: int) -> list[str] | None:
    """nginx in the foreground on ``host:port``, with the web server behind it on ``web_socket``.

    None where there is no nginx for this platform, or where its account may not listen on the port: the web
    server then listens by itself.
    """
    home = locate(state)
    if home.nginx is None or (home.user is not None and port < 1024):
        return None
    folder = home.folder / "proxy"
    make_folder_for(home.sockets, home.user)
    make_folder_for(folder, home.user)
    for name in PAGES:  # the account may not reach the checkout
        shutil.copy(BASE_DIR / "marketplace" / "static" / "app" / name, folder)
        give(folder / name, home.user)
    values = {
        "LISTEN": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "WEB": f"unix:{web_socket(state)}",
        "RESOLVER": "127.0.0.1",  # never asked: a socket has no name
        "REQUESTS_PER_NODE": str(REQUESTS_PER_NODE),
        "SCHEME": "http",
        "PAGES": str(folder),
        "SCRATCH": str(folder),
        "ACCESS_LOG": "off",
    }
    template = (BASE_DIR / "config" / "nginx.conf").read_text(encoding="utf-8")
    settings = folder / "nginx.conf"
    settings.write_text(re.sub(r"\$\{TIREK_([A-Z_]+)\}", lambda match: values[match[1]], template))
    give(settings, home.user)
    options = ["--bare", "--group-file", str(folder / "proxy.group")]
    if home.user is not None:
        options += ["--user", home.user]
    nginx = [str(home.nginx), "-p", str(folder), "-c", str(settings), "-e", "stderr", "-g", "daemon off;"]
    return attached_command(nginx, *options)
