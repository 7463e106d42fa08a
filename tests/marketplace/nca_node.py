"""A stand-in of NCANode 3: its documented questions and answers, with a real check by our own authority behind them."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from asn1crypto import cms as asn1
from cryptography import x509

from marketplace.signatures import BadSignature, Usage, cms


@dataclass
class Node:
    """What it trusts, what it is told to answer instead, and what it was asked."""

    url: str
    trust: cms.Trust
    status: int = 200
    silent: bool = False
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def verified(self, question: dict[str, Any]) -> dict[str, Any]:
        """CmsVerificationResponse of its OpenAPI document."""
        data = base64.b64decode(question["cms"])
        signed = asn1.ContentInfo.load(data)["content"]
        content = signed["encap_content_info"]["content"].native
        if content is None:
            content = base64.b64decode(question.get("data", ""))
        certificate = cms._certificate_of(signed["signer_infos"][0], cms._certificates(signed))
        may = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        usage = Usage.SIGN if may.content_commitment else Usage.SIGN_IN
        why, signer = "", None
        try:
            signer = cms.CmsVerifier(lambda: self.trust).verify(
                cms=data, content=content, usage=usage, at=datetime.now(UTC)
            )
        except BadSignature as error:
            why = error.why
        subject = {item.rfc4514_attribute_name: item.value for item in certificate.subject}
        said = {item.oid.dotted_string: str(item.value) for item in certificate.subject}
        described = {
            "valid": why not in {"chain", "expired", "revoked", "revocation"},
            "revocations": [{"revoked": why == "revoked", "by": "OCSP", "revocationTime": None, "reason": None}],
            "notBefore": certificate.not_valid_before_utc.isoformat(timespec="milliseconds"),
            "notAfter": certificate.not_valid_after_utc.isoformat(timespec="milliseconds"),
            "keyUsage": "SIGN" if usage == Usage.SIGN else "AUTH",
            "serialNumber": f"{certificate.serial_number:x}",
            "keyUser": ["INDIVIDUAL"],
            "subject": {
                "commonName": subject.get("CN"),
                "iin": said.get("2.5.4.5", "").removeprefix("IIN"),
                **({"bin": said["2.5.4.11"].removeprefix("BIN")} if "2.5.4.11" in said else {}),
                "country": "KZ",
            },
        }
        return {
            "status": 200,
            "message": "OK",
            "valid": signer is not None or why in {"subject", "usage"},
            "signers": [{"certificates": [described]}],
        }


@contextmanager
def running(trust: cms.Trust) -> Iterator[Node]:
    node = Node("", trust)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            question = json.loads(body)
            node.asked.append((self.path, question))
            if node.silent:
                node.released.wait(20)
                return
            status, answer = node.status, {"status": node.status, "message": "out of order"}
            if status == 200:
                try:
                    if self.path == "/cms/verify":
                        answer = node.verified(question)
                    else:
                        inside = asn1.ContentInfo.load(base64.b64decode(question["cms"]))["content"]
                        data = inside["encap_content_info"]["content"].native
                        answer = {"status": 200, "message": "OK", "data": base64.b64encode(data).decode()}
                except ValueError:
                    status, answer = 400, {"status": 400, "message": "cms"}
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    node.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        node.released.set()
        server.shutdown()
        server.server_close()
