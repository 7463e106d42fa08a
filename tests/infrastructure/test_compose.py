"""docker-compose.yml, Dockerfile and config/nginx.conf say the same as the rest of the tree."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.programs import PROGRAMS

BASE_DIR = Path(__file__).resolve().parent.parent.parent
SERVICES = {"postgres", "valkey", "elasticsearch"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    text = (BASE_DIR / "docker-compose.yml").read_text(encoding="utf-8")
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


def test_compose_file_is_valid_for_docker_itself() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker with its compose plugin is not installed; the structure is checked by the other tests")
    subprocess.run(
        [docker, "compose", "config", "--quiet"],
        cwd=BASE_DIR,
        env={**os.environ, "POSTGRES_PASSWORD": "x"},
        check=True,
        timeout=60,
    )


def test_every_program_is_a_container_with_the_command_of_the_one_list(compose: dict[str, Any]) -> None:
    containers = compose["services"]
    for name in PROGRAMS:
        assert containers[name]["command"] == ["python", "-m", "config.programs", name]
    steps = "python manage.py migrate --noinput && python manage.py load_master_data"
    assert containers["migrate"]["command"] == ["sh", "-c", steps]
    assert containers.keys() == {*PROGRAMS, *SERVICES, "migrate", "nginx", "locust", "locust-worker"}


def test_programs_wait_for_the_schema_and_run_without_rights(compose: dict[str, Any]) -> None:
    for name in PROGRAMS:
        container = compose["services"][name]
        assert container["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert container["cap_drop"] == ["ALL"]
        assert container["read_only"] is True
        assert container["restart"] == "unless-stopped"
    assert compose["services"]["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert compose["services"]["migrate"]["restart"] == "no"


def test_web_scales_because_nothing_ties_it_to_one_place(compose: dict[str, Any]) -> None:
    assert not {"container_name", "ports", "hostname"} & compose["services"]["web"].keys()


def test_only_the_proxy_listens_outside_and_on_loopback_by_default(compose: dict[str, Any]) -> None:
    published = {name: container["ports"] for name, container in compose["services"].items() if container.get("ports")}
    assert published == {"nginx": ["${HOST:-127.0.0.1}:${PORT:-8000}:8080"], "locust": ["127.0.0.1:8089:8089"]}
    assert compose["services"]["locust"]["profiles"] == ["load"]
    assert {name for name, kind in compose["networks"].items() if kind and kind["internal"]} == {"back", "front"}
    for name in SERVICES:
        assert compose["services"][name]["networks"] == ["back"]


def test_only_the_proxy_and_talker_have_a_way_out(compose: dict[str, Any]) -> None:
    """Whatever a web node is made to ask, it reaches nobody outside (ASVS 13.2.5)."""
    containers = {name: one for name, one in compose["services"].items() if "profiles" not in one}
    assert {name for name, one in containers.items() if "outside" in one["networks"]} == {"nginx", "talker"}
    assert set(compose["services"]["web"]["networks"]) == {"back", "front"}


def test_load_has_a_master_and_workers_that_obey_it(compose: dict[str, Any]) -> None:
    """The same file and settings for both: people of a worker are those of the master's plan."""
    master, worker = compose["services"]["locust"], compose["services"]["locust-worker"]
    assert master["command"][:2] == worker["command"][:2] == ["-f", "/mnt/perf/locustfiles/${LOAD_FILE:-mixed.py}"]
    assert master["command"][2:] == ["--host", "http://nginx:8080", "--master"]
    assert worker["command"][2:] == ["--worker", "--master-host", "locust"]
    for container in (master, worker):
        assert container["profiles"] == ["load"]
        assert container["networks"] == ["front", "outside"]
        assert container["volumes"] == ["./perf:/mnt/perf:ro"]
        sources = "".join(path.read_text(encoding="utf-8") for path in (BASE_DIR / "perf" / "locustfiles").glob("*.py"))
        assert {name for name in container["environment"] if name.startswith("LOAD_")} == {
            name for name in re.findall(r'"(LOAD_[A-Z]+)"', sources) if name != "LOAD_WORKER"
        }
    version = master["image"].rpartition(":")[2]
    assert f'name = "locust"\nversion = "{version}"' in (BASE_DIR / "uv.lock").read_text(encoding="utf-8")


def test_images_are_named_with_a_version(compose: dict[str, Any]) -> None:
    for name, container in compose["services"].items():
        tag = container["image"].partition(":")[2]
        assert tag and tag != "latest", name


def test_database_knows_kazakh_letters_and_stays_durable(compose: dict[str, Any]) -> None:
    postgres = compose["services"]["postgres"]
    made_with = postgres["environment"]["POSTGRES_INITDB_ARGS"]
    assert "--locale-provider=builtin --builtin-locale=C.UTF-8" in made_with
    assert "--lc-ctype=C.UTF-8" in made_with
    assert not re.search(r"(fsync|synchronous_commit|full_page_writes)=off", postgres["command"])
    assert compose["services"]["valkey"]["command"][-2:] == ["--maxmemory-policy", "noeviction"]


def test_every_setting_that_containers_get_is_one_that_is_read(compose: dict[str, Any]) -> None:
    settings = (BASE_DIR / "config" / "settings.py").read_text(encoding="utf-8")
    for name in compose["services"]["migrate"]["environment"]:
        assert f'"{name}"' in settings, name


def filled_in_proxy_settings(compose: dict[str, Any]) -> str:
    text = (BASE_DIR / "config" / "nginx.conf").read_text(encoding="utf-8")
    for name, value in compose["services"]["nginx"]["environment"].items():
        text = text.replace(f"${{{name}}}", re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    return text


def test_proxy_gets_every_value_it_names_and_sheds_at_24_requests_a_node(compose: dict[str, Any]) -> None:
    text = filled_in_proxy_settings(compose)
    assert not re.findall(r"\$\{TIREK_[A-Z_]+\}", text)
    assert text.count("server web:8000 resolve max_conns=24 max_fails=0;") == 2  # what looks; what saves and sends
    assert text.count("Retry-After $again always;") == 2
    assert "limit_conn_zone $server_port zone=requests:64k;" in text
    assert (BASE_DIR / "marketplace" / "static" / "app" / "overload.html").stat().st_size < 4096


def test_image_is_built_from_the_lock_file_and_does_not_run_as_root() -> None:
    text = (BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    build, final = text.split("\nFROM ")[-2:]
    assert "uv sync --frozen --no-default-groups" in build
    assert re.search(r"^USER tirek$", final, re.MULTILINE)
    assert final.index("USER tirek") < final.index("CMD ")
    assert 'CMD ["python", "-m", "config.programs", "web"]' in final
    pinned = re.search(r"uv==([\d.]+)", text)
    assert pinned is not None
    assert pinned.group(0) in (BASE_DIR / "config" / "bootstrap.py").read_text(encoding="utf-8")


def test_tls_is_one_file_more_and_has_every_value_it_names(compose: dict[str, Any]) -> None:
    more = yaml.safe_load((BASE_DIR / "docker-compose.tls.yml").read_text(encoding="utf-8"))["services"]["nginx"]
    values = compose["services"]["nginx"]["environment"] | more["environment"]
    named = set(re.findall(r"\$\{(TIREK_[A-Z_]+)\}", (BASE_DIR / "config" / "nginx-tls.conf").read_text("utf-8")))
    assert named <= values.keys() and values["TIREK_SCHEME"] == "https" and values["TIREK_LISTEN"].endswith(" ssl")
    assert values["TIREK_TLS"] == "/etc/nginx/tls.conf"
    assert more["ports"] == ["${HOST:-127.0.0.1}:${TLS_PORT:-443}:8443"], "on loopback unless the deployment says so"
    mounted = {volume.split(":")[-2] for volume in more["volumes"]}
    assert {values["TIREK_CERTIFICATE"], values["TIREK_CERTIFICATE_KEY"]} <= mounted
