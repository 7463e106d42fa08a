"""The web process: `granian --interface wsgi config.wsgi:application`."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from django.core.wsgi import get_wsgi_application

from config.programs import state_folder


def share_counts(folder: Path, server: int) -> None:
    """Let all processes of one web server keep their counts in one folder: see marketplace/metrics.py.

    ``server`` is the number of their parent. Folders of servers that are gone go.
    """
    own = folder / str(server)
    own.mkdir(parents=True, exist_ok=True)
    for other in folder.iterdir():
        if other != own and not Path("/proc", other.name).exists():
            shutil.rmtree(other, ignore_errors=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(own)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
with suppress(OSError):  # a full disk: then each process counts for itself
    share_counts(state_folder() / "metrics", os.getppid())
application = get_wsgi_application()

from catalog.search import columns  # noqa: E402  the applications are ready only now
from config import warming  # noqa: E402
from marketplace import day_counts  # noqa: E402

warming.warm_up()
columns.warm()
day_counts.keep()
warming.set_aside()
