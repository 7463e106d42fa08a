"""The embedded engine: a tantivy index in a folder, rebuilt from the documents whenever that is easier.

Only the worker's outbox handler and ``manage.py rebuild_search`` write, one at a time by a file lock.
Every other process reads: it notices a commit within half a second. A missing or broken index raises
Unavailable and the caller goes on with the last resort.
"""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog
import tantivy
from django.conf import settings

from catalog.search.documents import Entry, entries
from catalog.search.tokens import Question

log = structlog.get_logger(__name__)

NAME = "embedded"
VERSION = "1"  # of the schema below: an index of another version is not opened
BOOSTS = {"title": 3.0, "type": 2.0, "body": 0.5}
RELOAD_SECONDS = 0.5
LOCK_SECONDS = 30.0
WRITER_HEAP = 20_000_000


class Unavailable(Exception):
    """This engine cannot answer now."""


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=False, indexed=True, fast=True)
    for name in (*BOOSTS, "codes"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


_SCHEMA = _schema()


def folder() -> Path:
    return Path(settings.SEARCH_INDEX_DIR) / f"v{VERSION}"


class _Reader:
    """The open index of this process, one per folder."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._opened: tuple[Path, int] | None = None
        self._checked_at = 0.0

    def searcher(self) -> tantivy.Searcher:
        with self._lock:
            now = time.monotonic()
            if self._index is None or now - self._checked_at > RELOAD_SECONDS:
                self._index = self._refreshed()
                self._checked_at = now
            return self._index.searcher()

    def _refreshed(self) -> tantivy.Index:
        path = folder()
        try:
            # A rebuild from nothing replaces the folder: then it has another inode.
            opened = (path, path.stat().st_ino)
            index = self._index
            if index is None or opened != self._opened:
                index, self._opened = _open(path), opened
            index.reload()
            return index
        except (OSError, ValueError) as error:
            self._index = None
            raise Unavailable(str(error)) from error

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


def search(question: Question, limit: int) -> list[int]:
    """Ids of documents that have every word, best first; of documents that have some, when none has all.

    Raises Unavailable when the index is missing or broken.
    """
    searcher = _reader.searcher()
    try:
        for occur in (tantivy.Occur.Must, tantivy.Occur.Should):
            hits = [address for _score, address in searcher.search(_query(question, occur), limit, count=False).hits]
            if hits:
                return [int(value) for value in searcher.fast_field_values("id", hits) if value is not None]
    except (OSError, ValueError) as error:
        _reader.close()
        raise Unavailable(str(error)) from error
    return []


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


@contextmanager
def _only_writer() -> Iterator[None]:
    """One writing process at a time; raises Unavailable when the other one takes too long."""
    root = Path(settings.SEARCH_INDEX_DIR)
    root.mkdir(parents=True, exist_ok=True)
    with (root / "writer.lock").open("w") as lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("another process is writing the index") from None
                time.sleep(0.05)
        yield


def write(product_ids: Sequence[int]) -> None:
    """Bring the index up to date for these products; builds it whole when it is missing or broken."""
    with _only_writer():
        try:
            index = _open(folder())
        except (OSError, ValueError) as error:
            log.warning("search_index_rebuilt", reason=str(error)[:200])
            _build()
            return
        _fill(index, entries(product_ids), replaced=product_ids)


def rebuild() -> int:
    """Build the index anew from the documents; readers keep the old one until the new one is whole."""
    with _only_writer():
        return _build()


def _build() -> int:
    root, path = Path(settings.SEARCH_INDEX_DIR), folder()
    fresh = root / f"building-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    index = tantivy.Index(_SCHEMA, path=str(fresh), reuse=False)
    _register(index)
    count = _fill(index, entries())
    retired = root / f"retired-{os.getpid()}"
    if path.exists():
        path.rename(retired)
    fresh.rename(path)
    shutil.rmtree(retired, ignore_errors=True)
    return count


def _fill(index: tantivy.Index, rows: Iterable[Entry], replaced: Sequence[int] = ()) -> int:
    count = 0
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
            count += 1
    return count
