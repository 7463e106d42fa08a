"""The people of these tests: a mother and her son in Ust-Kamenogorsk, a man there, offices here and there."""

import uuid
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.test import Client

from marketplace import loading
from marketplace.drafts import kinds
from marketplace.models import Guardianship, Office, PersonRecord, Region, User
from tests.marketplace.sample_draft import SAMPLE

RIGHT = "a long password"


@pytest.fixture
def master_data(db: None) -> None:
    """Regions, offices, authorities, special days and rules as an installation has them."""
    loading.load_all()


@pytest.fixture
def ust_kamenogorsk(db: None) -> Office:
    region = Region.objects.create(code="KZ-63", slug="east-kazakhstan", name_kk="ШҚО", tile_column=5, tile_row=1)
    return Office.objects.create(code="ust-kamenogorsk", region=region, name_kk="Өскемен", name_ru="Усть-Каменогорск")


@pytest.fixture
def shymkent(db: None) -> Office:
    region = Region.objects.create(code="KZ-79", slug="shymkent", name_kk="Шымкент", tile_column=3, tile_row=4)
    return Office.objects.create(code="shymkent", region=region, name_kk="Шымкент", name_ru="Шымкент")


@pytest.fixture
def marat(ust_kamenogorsk: Office) -> User:
    """A beneficiary who reads Russian and wants SMS."""
    user = User.objects.create(
        username="marat",
        full_name="Марат Әбенов",
        role="beneficiary",
        phone="+77010000001",
        language="ru",
        office=ust_kamenogorsk,
        region_id="KZ-63",
    )
    PersonRecord.objects.create(user=user, birth_date=date(1984, 9, 17))
    return user


@pytest.fixture
def alikhan(ust_kamenogorsk: Office) -> User:
    """A boy of six, who does not sign in."""
    user = User.objects.create(
        username="alikhan", full_name="Әлихан Нұрланов", role="beneficiary", office=ust_kamenogorsk, region_id="KZ-63"
    )
    user.set_unusable_password()
    user.save()
    PersonRecord.objects.create(user=user, birth_date=date(2020, 6, 14))
    return user


@pytest.fixture
def aigul(alikhan: User) -> User:
    """His mother and guardian, who reads Kazakh."""
    user = User.objects.create(
        username="aigul", full_name="Айгүл Нұрланова", role="guardian", phone="+77010000002", language="kk"
    )
    Guardianship.objects.create(guardian=user, ward=alikhan, basis="birth certificate")
    return user


@pytest.fixture
def gulnar(ust_kamenogorsk: Office) -> User:
    """The caseworker of their office."""
    return User.objects.create(
        username="gulnar",
        full_name="Гүлнар Оспанова",
        role="caseworker",
        email="gulnar@example.kz",
        channel="e-mail",
        language="ru",
        office=ust_kamenogorsk,
        region_id="KZ-63",
    )


@pytest.fixture
def dina(shymkent: Office) -> User:
    """A caseworker of another office."""
    return User.objects.create(
        username="dina", full_name="Дина Жақыпова", role="caseworker", office=shymkent, region_id="KZ-79"
    )


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """``signed_in(marat)``: a browser with that person's session."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def sample_kind() -> Iterator[kinds.Kind]:
    """A draft kind of these tests alone."""
    kinds.register(SAMPLE)
    yield SAMPLE
    del kinds._kinds[SAMPLE.name]


@pytest.fixture
def draft_id() -> uuid.UUID:
    return uuid.UUID("6f1c2f7e-3b58-4b7e-9a57-0d5a3c1e9b11")


@pytest.fixture
def marat_with_password(marat: User) -> User:
    marat.set_password(RIGHT)
    marat.save()
    return marat
