"""Keys of an installation that has no environment for them: made once, kept beside its data.

A deployment gives SECRET_KEY, FIELD_KEYS and BLIND_INDEX_KEY by environment or by file; the
generated ones serve `make run` and the tests.
"""

import json
import os
import secrets as random_source
from base64 import b64encode
from pathlib import Path

NAMES = ("secret_key", "field_keys", "blind_index_key")


def _new_keys() -> dict[str, str]:
    return {
        "secret_key": random_source.token_urlsafe(50),
        # "<key id>:<base64 of 32 bytes>", newest first, separated by commas
        "field_keys": "k1:" + b64encode(random_source.token_bytes(32)).decode(),
        "blind_index_key": b64encode(random_source.token_bytes(32)).decode(),
    }


def load(state: Path) -> dict[str, str]:
    """The keys of this state folder; two processes that start at once agree on one file."""
    path = state / "keys.json"
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".keys.{os.getpid()}.json")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(_new_keys(), file)
        try:
            os.link(draft, path)  # fails when another process was first: its keys win
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return json.loads(path.read_text(encoding="utf-8"))
