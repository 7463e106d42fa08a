"""What no code of ours may do, read from the code itself: each rule with a control that it finds what it looks for."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("marketplace", "catalog", "suppliers", "orders", "complaints", "config")
Check = Callable[[ast.AST], bool]


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts and "node_modules" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def name_of(node: ast.AST) -> str:
    """``a.b.c`` of a call's function or an attribute."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(*names: str) -> Check:
    pattern = re.compile(rf"(^|\.)({'|'.join(map(re.escape, names))})$")
    return lambda node: isinstance(node, ast.Call) and bool(pattern.search(name_of(node.func)))


def builtin(*names: str) -> Check:
    return lambda node: isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def imports(*names: str) -> Check:
    def check(node: ast.AST) -> bool:
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            return False
        return any(one == name or one.startswith(f"{name}.") for one in found for name in names)

    return check


def uses(*names: str) -> Check:
    """Names them, called or not."""
    return lambda node: isinstance(node, ast.Name | ast.Attribute) and name_of(node).rpartition(".")[2] in names


def made_sql(node: ast.AST) -> bool:
    """A statement that is put together from values: an f-string, ``%`` or ``+`` in ``execute``."""
    if not calls("execute", "executemany", "RawSQL", "raw", "copy_expert")(node):
        return False
    assert isinstance(node, ast.Call)
    first = node.args[0] if node.args else None
    if isinstance(first, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in first.values)
    return isinstance(first, ast.BinOp) or (isinstance(first, ast.Call) and name_of(first.func).endswith(".format"))


def short_token(node: ast.AST) -> bool:
    if not calls("token_urlsafe", "token_hex", "token_bytes")(node):
        return False
    assert isinstance(node, ast.Call)
    size = node.args[0] if node.args else None
    return isinstance(size, ast.Constant) and isinstance(size.value, int) and size.value < 16


def shell(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.keyword)
        and node.arg == "shell"
        and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    )


def all_fields(node: ast.AST) -> bool:
    """``fields = "__all__"`` lets a form write what nobody thought of."""
    return isinstance(node, ast.Constant) and node.value == "__all__"


def without(names: Check, keyword: str) -> Check:
    """Calls that do not say it: ``timeout=`` also as ``request_timeout=``."""

    def check(node: ast.AST) -> bool:
        if not names(node):
            return False
        assert isinstance(node, ast.Call)
        return not any((said.arg or "").endswith(keyword) for said in node.keywords)

    return check


def of_people(node: ast.AST) -> bool:
    """Reads rows of people or of what is theirs, past who may see them: ``Order.objects``."""
    models = {
        "User",
        "PersonRecord",
        "Order",
        "Line",
        "Entitlement",
        "Complaint",
        "Draft",
        "StoredFile",
        "Notice",
        "Feedback",
        "Event",
        "ReadLog",
        "UnmetNeed",
    }
    return isinstance(node, ast.Attribute) and node.attr == "objects" and name_of(node.value) in models


# Rule → what it looks for, a line that breaks it, and the files in which it is right.
RULES: dict[str, tuple[Check, str, set[str]]] = {
    "a request hands work to the outbox, not to the queue": (calls("delay", "apply_async"), "job.delay(1)", {"marketplace/management/commands/relay.py"}),
    "no text is trusted as HTML": (
        uses("mark_safe", "SafeString", "safestring"), "mark_safe(text)", {"marketplace/drawing.py", "marketplace/local_copies.py", "marketplace/templatetags/controls.py", "marketplace/templatetags/portal.py", "suppliers/views/market.py"},
    ),
    # Where names of our own tables and columns are put together; every value is a parameter.
    "values are parameters of a statement": (made_sql, "cursor.execute(f'SELECT {name}')", {"catalog/search/columns.py", "catalog/search/documents.py", "catalog/search/keeping.py", "complaints/listing.py", "complaints/reporting/facts.py", "config/drill.py", "config/schema.py", "orders/payouts.py", "suppliers/watch/cells.py", "suppliers/watch/collusion.py", "suppliers/watch/prices.py", "suppliers/watch/simulation.py"}),
    "nothing is executed that was a text": (builtin("eval", "exec", "compile", "__import__"), "eval(text)", set()),
    "no format that makes objects is read": (
        imports("pickle", "marshal", "shelve", "yaml", "dill"), "import pickle", set(),
    ),
    "XML is read by the one reader of price lists": (
        imports("xml", "lxml"), "from xml.etree import ElementTree", set(),
    ),
    "no shell": (shell, "run(x, shell=True)", set()),
    "no template is made of a text": (calls("from_string", "Template"), "Template(text)", set()),
    "nobody is spared the CSRF check": (uses("csrf_exempt"), "@csrf_exempt\ndef view(r): ...", {"complaints/views/telegram.py", "marketplace/views/device.py", "marketplace/views/status.py"}),
    "requests to others go through the one client": (
        imports("requests", "urllib.request", "urllib3", "httpx", "aiohttp", "http.client", "smtplib"), "import requests", {"config/processes.py", "config/search_server.py", "marketplace/notices/gateways.py", "marketplace/outgoing.py",
        "marketplace/signatures/ncanode.py", "marketplace/telegram.py"},
    ),
    "ciphers stand in one module": (imports("cryptography", "Crypto", "nacl"), "import cryptography", {"marketplace/crypto.py", "marketplace/kept_answers.py", "marketplace/local_copies.py", "marketplace/personal.py", "marketplace/rotation.py", "marketplace/signatures/cms.py", "marketplace/signatures/test_ca.py", "orders/signing.py"}),
    # The public list of stolen passwords is ordered by SHA-1: it is looked up in, it protects nothing.
    "no hash that is broken": (calls("md5", "sha1", "hashlib.new"), "hashlib.md5(x)", {"marketplace/passwords.py"}),
    "what must not be guessed is not drawn by random": (imports("random"), "import random", {"complaints/feedback/calling.py", "config/embedded/cluster.py"}),
    "a token has 128 bits": (short_token, "secrets.token_urlsafe(8)", set()),
    "a form names its fields": (all_fields, "fields = '__all__'", set()),
    "no value formats another text": (calls("format_map", "vformat"), "text.format_map(x)", set()),
    "whoever asks others says how long it waits": (
        without(calls("HTTPConnection", "HTTPSConnection", "urlopen", "create_connection", "Elasticsearch", "Redis", "from_url", "SMTP"), "timeout"),
        "HTTPConnection(host)", set(),
    ),
    # The others: a part of a service that may fail alone, and what loads or rewrites derived rows.
    "a service's transaction is its own": (
        without(calls("atomic"), "durable"), "transaction.atomic()", {
            "catalog/loading.py", "catalog/search/documents.py", "catalog/search/vocabulary.py", "complaints/clocks.py",
            "complaints/feedback/giving.py", "complaints/filing.py", "complaints/headquarters/leading.py",
            "complaints/intake/conversation.py", "complaints/loading.py", "complaints/measures/systemic.py",
            "complaints/misdirected.py", "marketplace/admin.py", "marketplace/day_counts.py",
            "marketplace/drafts/hand_over.py", "marketplace/drafts/mirror.py", "marketplace/loading.py",
            "marketplace/sessions.py", "orders/fulfilment/holding.py",
            "suppliers/complaint_facts.py", "suppliers/effects.py", "suppliers/loading.py", "suppliers/watch/cells.py",
        },
    ),
    "pages and programs read what is people's through selectors": (
        of_people, "Order.objects.get(pk=1)", {
            "complaints/views/drafting.py", "complaints/views/new.py", "complaints/views/visitor_photos.py",
            "marketplace/views/demo.py", "marketplace/views/draft_forms.py", "orders/views/check.py",
            "suppliers/views/listing_review.py",
        },
    ),
    "a deadline is counted from a moment that is handed over": (calls("now", "today", "utcnow"), "timezone.now()", set()),
}  # fmt: skip
# Where a rule holds, if not everywhere.
WHERE = {
    "pages and programs read what is people's through selectors": re.compile(r"/views/|api(_\w+)?\.py$"),
    "a deadline is counted from a moment that is handed over": re.compile(r"^marketplace/calendar\.py$|/(clocks|dated)\.py$"),
}  # fmt: skip


@pytest.fixture(scope="module")
def parsed() -> list[tuple[str, ast.Module]]:
    found = list(sources())
    assert len(found) > 400
    return found


@pytest.mark.parametrize("rule", RULES)
def test_the_code_keeps_the_rule(parsed, rule):
    check, _breaks, allowed = RULES[rule]
    here = [(path, tree) for path, tree in parsed if rule not in WHERE or WHERE[rule].search(path)]
    broken = {path for path, tree in here for node in ast.walk(tree) if check(node)}
    assert len(here) > 2
    assert sorted(broken - allowed) == [], rule
    assert sorted(allowed - broken) == [], "these files need no exception any more"


@pytest.mark.parametrize("rule", RULES)
def test_control_a_line_that_breaks_it_is_found(rule):
    check, breaks, _allowed = RULES[rule]
    assert any(check(node) for node in ast.walk(ast.parse(breaks)))
    assert not any(check(node) for node in ast.walk(ast.parse("total = 1 + sum([2, 3])")))


TRUSTED = re.compile(r"\|\s*(safe|safeseq)\b|\{%\s*autoescape\s+off")


def test_no_template_trusts_a_value():
    templates = [path for app in APPS for path in (ROOT / app).rglob("templates/**/*.html")]
    assert len(templates) > 150 and TRUSTED.search("{{ text|safe }}")
    assert [str(path.relative_to(ROOT)) for path in templates if TRUSTED.search(path.read_text(encoding="utf-8"))] == []
