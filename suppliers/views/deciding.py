"""A case on the ministry's desk: its decisions as forms on the page, and what happens when one is sent."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from marketplace.errors import DomainError, Invalid
from marketplace.forms import add_errors
from marketplace.machine import Step
from suppliers.onboarding.forms import WordsForm


@dataclass(frozen=True)
class Decisions:
    """``doors``: action → service, which takes the case's id as ``named``; ``asks``: actions that need words → their label,
    and whether one of ``reasons`` is chosen as well; ``route``: the case's page; ``told``: said afterwards.
    """

    doors: dict[str, Callable[..., Any]]
    asks: dict[str, tuple[Any, bool]]
    reasons: Callable[[], list[tuple[str, str]]]
    named: str
    route: str
    told: Any

    def taken(self, request: HttpRequest, case_id: int) -> tuple[HttpResponse | None, WordsForm | None]:
        """The answer to a decision that was sent; or its form with what is wrong; neither when none was."""
        action = request.POST.get("action", "")
        if request.method != "POST" or action not in self.doors:
            return None, None
        given = {"text": request.POST.get("text", "")} if action in self.asks else {}
        given |= {"reason": request.POST.get("reason", "")} if self._chooses(action) else {}
        try:
            self.doors[action](**{self.named: case_id}, actor=request.user, **given)
        except Invalid as error:
            wrong = self._form(action, request.POST)
            wrong.is_valid()
            add_errors(wrong, error)
            return None, wrong
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
        else:
            messages.success(request, self.told)
        return redirect(self.route, case_id), None

    def offered(self, steps: Iterable[Step], wrong: WordsForm | None) -> list[dict[str, Any]]:
        """The steps with their forms; the one that was refused stands open with its errors."""
        rows = []
        for step in steps:
            refused = wrong is not None and wrong.action == step.action
            form = (wrong if refused else self._form(step.action)) if step.action in self.asks else None
            rows.append({"action": step.action, "label": step.label, "form": form, "open": refused})
        return rows

    def _chooses(self, action: str) -> bool:
        return self.asks.get(action, ("", False))[1]

    def _form(self, action: str, data: Any = None) -> WordsForm:
        label, chosen = self.asks.get(action, ("", False))
        return WordsForm(data, action=action, label=label, reasons=self.reasons() if chosen else None)
