"""What ends when a draft is put aside: its waiting code, the help it let in, its second screen.

A sent draft needs no such step: all three live only while a draft is open, and it never opens again.
"""

from datetime import datetime

from marketplace.models import ContinueCode, Draft, HelpGrant, Mirror


def end_sharing(draft: Draft, *, at: datetime) -> None:
    """Nobody else looks at the draft any more, also after it is restored. Inside the transaction that puts it aside."""
    ContinueCode.objects.filter(draft=draft, used_at=None, withdrawn_at=None).update(withdrawn_at=at)
    HelpGrant.objects.filter(draft=draft, ended_at=None).update(ended_at=at, ended_because=HelpGrant.Ended.DISCARDED)
    Mirror.objects.filter(draft=draft, ended_at=None).update(ended_at=at, ended_because=Mirror.Ended.DISCARDED)
