"""The register of data classes (docs/data-classes.md) as tests read it."""

from pathlib import Path

from django.apps import apps
from django.db.models import Field, Model

REGISTER = Path(__file__).parents[2] / "docs" / "data-classes.md"
CLASSES = ("P0", "P1", "P2", "P3", "P4")


def register() -> dict[tuple[str, str], str]:
    """(model, column's field) → class. A field in two classes would be counted twice: KeyError."""
    found: dict[tuple[str, str], str] = {}
    for line in REGISTER.read_text(encoding="utf-8").splitlines():
        model, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "." not in model or len(cells) != len(CLASSES):
            continue
        for name, fields in zip(CLASSES, cells, strict=True):
            for field in fields.split():
                if (model, field) in found:
                    raise KeyError(f"{model}.{field} is classified twice")
                found[model, field] = name
    return found


def columns() -> list[tuple[type[Model], Field]]:
    """Every column of every table that the portal has, ours and the libraries'."""
    models = apps.get_models(include_auto_created=True)
    return [(model, field) for model in models for field in model._meta.concrete_fields]
