"""People and programme lines from data files: ``people.json``, ``entitlements.json``. Safe to run twice.

Regions, offices, authorities and, for programme lines, product types must be loaded before. A person who exists
keeps everything that changed since; what is missing is added.
"""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from marketplace import crypto, identity
from marketplace.models import Authority, Guardianship, Office, PersonRecord, Role, User
from orders import entitlements
from orders.entitlements import ProgrammeLine
from suppliers.models import Partner

DATA = Path(__file__).parent / "data"


class UnsoundData(ValueError):
    """A data file says something impossible: an identity number that fails its check, an unknown code."""


def load_people(rows: Iterable[dict[str, Any]] | None = None, *, password: str | None = None) -> dict[str, User]:
    """People by user name, with records, guardianships and suppliers' accounts, in one transaction.

    ``password`` is given to people who may sign in; the others never can. Raises UnsoundData.
    """
    listed = _read("people")["people"] if rows is None else list(rows)
    # One slow hash for all: they share the password.
    hashed = make_password(password)
    offices = {office.code: office for office in Office.objects.all()}
    authorities = {authority.code.lower(): authority for authority in Authority.objects.all()}
    with transaction.atomic(durable=True):
        people = {row["username"]: _person(row, hashed, offices, authorities) for row in listed}
        for row in listed:
            if row["role"] == Role.BENEFICIARY:
                _record(people[row["username"]], row)
            if row.get("guardian"):
                Guardianship.objects.get_or_create(
                    guardian=people[row["guardian"]], ward=people[row["username"]], defaults={"basis": row["basis"]}
                )
            if row.get("supplier"):
                _join_supplier(people[row["username"]], row["supplier"])
    return people


def _person(row: dict[str, Any], hashed: str, offices: dict[str, Office], authorities: dict[str, Authority]) -> User:
    user, _created = User.objects.get_or_create(
        username=row["username"],
        defaults={
            "password": hashed if row["login"] else make_password(None),
            "role": row["role"],
            "is_staff": row["role"] == Role.ADMIN,
            "is_superuser": row["role"] == Role.ADMIN,
            "full_name": row["name"],
            "phone": row["phone"],
            "email": row.get("email", ""),
            "channel": row["channel"],
            "language": row["language"],
            "region_id": row["region"],
            "office": offices[row["office"]] if row["office"] else None,
            "authority": authorities[row["authority"].lower()] if row["authority"] else None,
        },
    )
    return user


def _join_supplier(user: User, code: str) -> None:
    """The account works for the supplier; suppliers that are loaded later join their accounts themselves."""
    partner = Partner.objects.filter(code=code).first()
    if partner is not None:
        partner.users.add(user)


def _record(user: User, row: dict[str, Any]) -> None:
    if PersonRecord.objects.filter(user=user).exists():
        return
    number = row["iin"]
    if not identity.is_iin(number):
        raise UnsoundData(f"the IIN of {row['username']} fails its check")
    PersonRecord.objects.create(
        user=user,
        iin_encrypted=crypto.encrypt(number, bound_to=crypto.place_of_iin(user.pk)),
        iin_index=crypto.blind_index(number),
        birth_date=date.fromisoformat(row["birth_date"]),
        address=row["address"],
        measures=row.get("measures", {}),
    )


def load_entitlements(people: dict[str, User], rows: Iterable[dict[str, Any]] | None = None) -> int:
    """Programme lines with their tranches; returns how many lines the data holds."""
    listed = _read("entitlements") if rows is None else list(rows)
    for row in listed:
        entitlements.import_line(beneficiary_id=people[row["person"]].pk, line=_programme_line(row))
    return len(listed)


def _programme_line(row: dict[str, Any]) -> ProgrammeLine:
    tranches = row.get("tranches") or {}
    return ProgrammeLine(
        product_type=row["type"],
        norm=row["norm"],
        period=row["period"],
        guaranteed_unit_sum=Decimal(row["guaranteed_unit_sum"]),
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        unit=row["unit"],
        tranche_months=tranches.get("every_months"),
        tranche_quantity=tranches.get("quantity"),
        replacement_months=row["replacement_months"],
        source=row["source"],
        mark=row["mark"],
        note=row.get("note", ""),
        status=row["status"],
    )


def _read(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
