"""The embedded engine: a tantivy index in a folder, rebuilt from the documents whenever that is easier.

Only who holds the engine's lock (keeping.py) writes. Every other process reads: it notices a commit within half
a second. A missing, broken or locked index raises Unavailable: a reader goes on with the last resort, a writer
leaves the change to the next sweep.
"""

import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import structlog
import tantivy
from cachetools import LRUCache
from django.conf import settings

from catalog.search import tokens
from catalog.search.documents import Entry, entries
from catalog.search.tokens import Question

log = structlog.get_logger(__name__)

NAME = "embedded"
BOOSTS = {"title": 3.0, "type": 2.0, "body": 0.5}
# Other rules for tokens, another index: one that was built by an earlier release is not opened.
VERSION = hashlib.sha256(f"2 {BOOSTS}".encode() + Path(tokens.__file__).read_bytes()).hexdigest()[:12]
# What rebuilds leave: the index of an earlier release, the retired one, the half of a builder that was killed.
_OURS = re.compile(r"v[0-9a-f]{1,12}|(building|retired)-\d+")
RELOAD_SECONDS = 0.5
WRITER_HEAP = 20_000_000
MOST_KEPT_HITS = 500_000  # numbers of products, some 30 bytes each


class Unavailable(Exception):
    """This engine cannot answer, or cannot be written, now."""


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=False, indexed=True, fast=True)
    for name in (*BOOSTS, "codes"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


_SCHEMA = _schema()


def folder() -> Path:
    return Path(settings.SEARCH_INDEX_DIR) / f"v{VERSION}"


@contextmanager
def _faults_as_unavailable() -> Iterator[None]:
    """Everything that a broken, foreign or locked index can do to us, as Unavailable.

    A file that ends too early makes tantivy panic, and that is no Exception.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        raise Unavailable(str(error)[:200]) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Unavailable(f"the index is broken: {str(error)[:200]}") from error


# What one state of the index answered last: who turns pages, filters or sorts asks the same words again.
_Answered = LRUCache[Hashable, list[int]]


class _Reader:
    """The open index of this process, one per folder."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._opened: tuple[Path, int] | None = None
        self._state: tuple[int, int] | None = None
        self._answered = _Answered(MOST_KEPT_HITS, getsizeof=len)
        self._checked_at = 0.0

    def ask(self, asked: Hashable, search: Callable[[tantivy.Searcher], list[int]]) -> list[int]:
        """What ``search`` finds in the index as it is now, or has found in this state of it."""
        with self._lock:
            now = time.monotonic()
            if self._index is None or now - self._checked_at > RELOAD_SECONDS:
                self._index = self._refreshed()
                self._checked_at = now
            searcher, answered = self._index.searcher(), self._answered
            found = answered.get(asked)
        if found is None:
            found = search(searcher)
            if len(found) <= MOST_KEPT_HITS:
                with self._lock:
                    answered[asked] = found
        return found

    def _refreshed(self) -> tantivy.Index:
        path, index = folder(), self._index
        self._index = None
        # A rebuild from nothing replaces the folder: then it has another inode. A commit replaces the list of its parts.
        opened, listed = (path, path.stat().st_ino), (path / "meta.json").stat()
        state = (listed.st_ino, listed.st_mtime_ns)
        if index is None or opened != self._opened:
            index, self._opened, self._state = _open(path), opened, None
        if state != self._state:
            index.reload()
            self._state, self._answered = state, _Answered(MOST_KEPT_HITS, getsizeof=len)
        return index

    def close(self) -> None:
        with self._lock:
            self._index = None


_reader = _Reader()
close = _reader.close


def _open(path: Path) -> tantivy.Index:
    index = tantivy.Index.open(str(path))
    _register(index)
    return index


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer("whitespace", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


def search(question: Question, limit: int | None = None) -> list[int]:
    """Ids of documents that have every word, best first; of documents that have some, when none has all.

    All of them, or the first ``limit``. Raises Unavailable when the index is missing or broken.
    """

    def found(searcher: tantivy.Searcher) -> list[int]:
        most = limit or max(1, searcher.num_docs)
        for occur in (tantivy.Occur.Must, tantivy.Occur.Should):
            hits = [address for _score, address in searcher.search(_query(question, occur), most, count=False).hits]
            if hits:
                return cast("list[int]", searcher.fast_field_values("id", hits))
        return []

    try:
        with _faults_as_unavailable():
            return _reader.ask((question.words, question.codes, limit), found)
    except Unavailable:
        _reader.close()
        raise


def _query(question: Question, occur: tantivy.Occur) -> tantivy.Query:
    asked = [_any_of(variants) for variants in question.words]
    asked += [tantivy.Query.term_query(_SCHEMA, "codes", code, "freq") for code in question.codes]
    return tantivy.Query.boolean_query([(occur, query) for query in asked])


def _any_of(variants: Iterable[str]) -> tantivy.Query:
    """The best of the word's tokens in the best place counts, the others only break ties."""
    return tantivy.Query.disjunction_max_query(
        [
            tantivy.Query.boost_query(tantivy.Query.term_query(_SCHEMA, name, token, "freq"), boost)
            for token in sorted(variants)
            for name, boost in BOOSTS.items()
        ],
        0.1,
    )


def fault() -> str:
    """What is wrong with the index, empty when nothing is: it is opened, and a bit of each of its parts read."""
    try:
        with _faults_as_unavailable():
            searcher = _open(folder()).searcher()
            everything = tantivy.Query.all_query()
            hits = [address for _score, address in searcher.search(everything, 1000, count=False).hits]
            searcher.fast_field_values("id", hits)
            for name in (*BOOSTS, "codes"):
                searcher.search(tantivy.Query.term_query(_SCHEMA, name, "12", "freq"), 1)
    except Unavailable as error:
        return str(error) or "broken"
    return ""


def count() -> int:
    """How many products the index holds. Raises Unavailable."""
    with _faults_as_unavailable():
        return int(_open(folder()).searcher().num_docs)


def write(product_ids: Sequence[int]) -> None:
    """Bring the index up to date for these products. Raises Unavailable."""
    with _faults_as_unavailable():
        _fill(_open(folder()), entries(product_ids), replaced=product_ids)


def rebuild() -> int:
    """Build the index anew from the documents; readers keep the old one until the new one is whole."""
    root, path = Path(settings.SEARCH_INDEX_DIR), folder()
    fresh, retired = root / f"building-{os.getpid()}", root / f"retired-{os.getpid()}"
    with _faults_as_unavailable():
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        index = tantivy.Index(_SCHEMA, path=str(fresh), reuse=False)
        _register(index)
        number = _fill(index, entries())
        if path.exists():
            path.rename(retired)
        fresh.rename(path)
        for other in root.iterdir():
            if other != path and _OURS.fullmatch(other.name):
                shutil.rmtree(other, ignore_errors=True)
    return number


def _fill(index: tantivy.Index, rows: Iterable[Entry], replaced: Sequence[int] = ()) -> int:
    number = 0
    with index.writer(WRITER_HEAP, 1) as writer:
        for product_id in replaced:
            # By query: the deletion by term takes a Python number for a signed one and finds nothing.
            writer.delete_documents_by_query(tantivy.Query.term_query(_SCHEMA, "id", product_id))
        for row in rows:
            document = tantivy.Document()
            document.add_unsigned("id", row.id)
            for name in (*BOOSTS, "codes"):
                document.add_text(name, " ".join(getattr(row, name)))
            writer.add_document(document)
            number += 1
    return number
