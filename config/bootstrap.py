"""Makes .venv from the lock file, on a machine that has only Python; the first thing `make` does.

    python3 config/bootstrap.py run|develop

Needs the standard library alone. When nothing changed since the last time it only says so to itself
(a tenth of a second). uv does the work: the one on PATH, or one that is put into .uv/ for this checkout.
No other Python is ever downloaded: the one that runs this file is the one of the environment.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
VENV = BASE_DIR / ".venv"
OWN = BASE_DIR / ".uv"
UV = "uv==0.13.9"
# Also when make is called inside an activated virtual environment, be it .venv itself.
PYTHON: str = getattr(sys, "_base_executable", sys.executable)
# "run" leaves the developers' packages alone when they are there already.
GROUPS = {"run": ["--no-default-groups", "--inexact"], "develop": ["--all-groups"]}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def works(*command: str) -> bool:
    """Whether a command exists and ends well."""
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=600)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def find_uv() -> str | None:
    """uv that is there already: on PATH, or from an earlier run."""
    for candidate in (shutil.which("uv"), OWN / "bin" / "uv", OWN / "lib" / "bin" / "uv"):
        if candidate and works(str(candidate), "--version"):
            return str(candidate)
    return None


def install_uv() -> str:
    """Put uv into .uv/: in a virtual environment, or beside pip where Python comes without venv's half."""
    say(f"Installing {UV} into {OWN} …")
    if works(PYTHON, "-m", "venv", str(OWN)):
        works(str(OWN / "bin" / "python"), "-m", "pip", "install", "--quiet", UV)
    else:  # Debian's python3 without python3-venv
        shutil.rmtree(OWN, ignore_errors=True)
    if not find_uv():
        works(PYTHON, "-m", "pip", "install", "--quiet", "--target", str(OWN / "lib"), UV)
    uv = find_uv()
    if uv is None:
        shutil.rmtree(OWN, ignore_errors=True)
        sys.exit(
            f"Cannot install uv: {PYTHON} can neither make a virtual environment (venv with ensurepip) "
            "nor use pip, or the package index does not answer.\n"
            "Install one of these and try again: uv; or pip; or, on Debian and Ubuntu: "
            "apt-get install python3-venv"
        )
    return uv


def uv_environment(uv: str) -> dict[str, str]:
    """uv's settings. HOME may be missing, empty, or not ours: then the cache is in the checkout."""
    foreign = ("VIRTUAL_ENV", "UV_PROJECT", "UV_FROZEN", "UV_LOCKED")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    environment |= {
        "UV_PYTHON": PYTHON,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_NO_PROGRESS": "1",
    }
    asked = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=False, env=environment)
    cache = Path(asked.stdout.strip() or "/nonexistent")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            pass
    except OSError:
        environment["UV_CACHE_DIR"] = str(OWN / "cache")
    return environment


def wanted_state(group: str) -> str:
    """Changes when the environment has to be made anew."""
    digest = hashlib.sha256(f"{group} {sys.version} {os.path.realpath(PYTHON)} {VENV}".encode())
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((BASE_DIR / name).read_bytes())
    return digest.hexdigest()


def is_current(group: str, wanted: str) -> bool:
    note = VENV / f".made-for-{group}"
    return note.is_file() and note.read_text() == wanted and works(str(VENV / "bin" / "python"), "-c", "")


def main() -> None:
    group = sys.argv[1] if len(sys.argv) == 2 else ""
    if group not in GROUPS:
        sys.exit(f"usage: python3 config/bootstrap.py {'|'.join(GROUPS)}")
    wanted = wanted_state(group)
    if is_current(group, wanted):
        return
    uv = find_uv() or install_uv()
    say(f"Making {VENV} from uv.lock …")
    for note in VENV.glob(".made-for-*"):
        note.unlink()  # whatever happens below, nothing is known to be complete any more
    command = [uv, "sync", "--frozen", "--no-install-project", *GROUPS[group]]
    environment = uv_environment(uv)
    if subprocess.run(command, cwd=BASE_DIR, check=False, env=environment).returncode != 0:
        say("Once more, with the system's own certificates …")  # behind a company's proxy
        environment["UV_SYSTEM_CERTS"] = "1"
        if subprocess.run(command, cwd=BASE_DIR, check=False, env=environment).returncode != 0:
            sys.exit("The environment could not be made; what to do is in the lines above.")
    for name in GROUPS:
        if name == group or group == "develop":  # developers' packages include all the others
            (VENV / f".made-for-{name}").write_text(wanted_state(name))


if __name__ == "__main__":
    main()
