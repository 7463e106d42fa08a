"""`python -m perf.guessing`: does the time of an answer tell whose identity number exists? How many answers does a guesser get?

Against a portal of its own on 127.0.0.1. Numbers that exist and numbers that do not are asked about in turn, each from an
address of its own (127.1.…), so that only the work behind the answer is measured; then a thousand from one address. Exits
with 1 when the medians differ by more than a tenth, when answers differ, or when more than twenty came.
"""

import http.client
import json
import re
import statistics
import sys
import time
from urllib.parse import urlencode

from marketplace import identity
from perf.portal import ROOT, RunningPortal

PATH = "/en/account/login/sms/"
ROUNDS = 300
PROBES, MOST_ANSWERS, TOLERANCE = 1000, 20, 0.10
SERVED = ("beneficiary", "guardian")


def main() -> int:
    people = json.loads((ROOT / "orders" / "data" / "people.json").read_text(encoding="utf-8"))["people"]
    known = [row["iin"] for row in people if row.get("iin") and row.get("phone") and row["role"] in SERVED]
    taken = {row.get("iin") for row in people}
    candidates = (f"8413170{number:05d}" for number in range(100_000))
    unknown = [number for number in candidates if identity.is_iin(number) and number not in taken][:PROBES]
    with RunningPortal(ROOT / ".state" / "guessing") as portal:
        times: dict[str, list[float]] = {"known": [], "unknown": []}
        answers = set()
        for place in range(2 * ROUNDS):
            kind = "known" if place % 2 else "unknown"
            number = (known if place % 2 else unknown)[place // 2 % len(known)]
            seconds, answer = ask(portal.port, number, f"127.1.{place // 250}.{place % 250 + 1}")
            times[kind].append(seconds)
            answers.add(answer)
        answered = sum(ask(portal.port, number, "127.2.0.1")[1][0] != 429 for number in unknown)
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    apart = abs(medians["known"] / medians["unknown"] - 1)
    for kind, found in times.items():
        print(f"{kind:8} median {1000 * medians[kind]:.2f} ms, p90 {1000 * sorted(found)[len(found) * 9 // 10]:.2f} ms")
    print(f"apart by {apart:.1%} (at most {TOLERANCE:.0%}); kinds of answers: {len(answers)}")
    print(f"{PROBES} probes from one address: {answered} answers (at most {MOST_ANSWERS})")
    return int(apart > TOLERANCE or len(answers) != 1 or answered > MOST_ANSWERS)


def ask(port: int, number: str, source: str) -> tuple[float, tuple[int, str, bytes]]:
    """Seconds until the answer, and the answer without what differs by nature: a browser that nobody has seen before."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(source, 0))
    try:
        connection.request("GET", PATH)
        page = connection.getresponse()
        cookies = "; ".join(value.split(";")[0] for name, value in page.getheaders() if name.lower() == "set-cookie")
        token = re.search(rb'csrfmiddlewaretoken" value="([^"]+)', page.read())
        if token is None:
            raise RuntimeError(f"{page.status}: no form at {PATH}")
        body = urlencode({"csrfmiddlewaretoken": token[1].decode(), "name": number})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies, "Referer": PATH}
        began = time.perf_counter()
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        return time.perf_counter() - began, (answer.status, answer.getheader("Location", ""), content)
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
