"""The ground of the tests of orders: master data, a Monday morning, one family with its suppliers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import time_machine

from catalog.models import ProductClass
from marketplace import crypto
from marketplace.models import User
from orders import fulfilment
from orders.models import Entitlement, Order
from suppliers.models import Partner, StockRecord
from tests.orders import factories as make

MONDAY = "2026-11-23T10:00:00+05:00"


@pytest.fixture(autouse=True)
def monday() -> Iterator[time_machine.Traveller]:
    """Monday, 23 November 2026, ten o'clock in Kazakhstan; tests may move on from there."""
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ground(db: None) -> None:
    make.make_ground()


@dataclass
class Family:
    """Aigul orders for her son Alihan: diapers of Jarqyn Med (and Altyn Qol) and a walker of Qadam Orto."""

    aigul: User
    alihan: User
    gulnar: User
    dina: User
    marat: User
    yerlan: User
    natalya: User
    gani: User
    jarqyn: Partner
    qadam: Partner
    altyn: Partner
    diapers_type: ProductClass
    walker_type: ProductClass
    diapers: Entitlement
    walker: Entitlement
    diaper_offer: StockRecord
    other_diaper_offer: StockRecord
    walker_offer: StockRecord

    def order(self, quantity: int = 2, **more: object) -> Order:
        """One order of diapers."""
        fields = make.fields_for((self.diapers, self.diaper_offer, quantity), **more)
        return make.make_orders(self.aigul, fields)[0]


@pytest.fixture
def family(ground: None) -> Family:
    alihan = make.make_person("alihan", language="kk")
    diapers_type = make.make_type("child-diapers")
    walker_type = make.make_type("posterior-rollator-child", sphere="durable", iso_code="12 06 06")
    jarqyn, qadam = make.make_supplier("jarqyn-med", "yerlan"), make.make_supplier("qadam-orto", "natalya")
    altyn = make.make_supplier("altyn-qol", "gani")
    diapers, walker = make.make_product(diapers_type), make.make_product(walker_type, "Жүріс тірегі")
    return Family(
        aigul=make.make_guardian("aigul", alihan),
        alihan=alihan,
        gulnar=make.make_caseworker("gulnar"),
        dina=make.make_caseworker("dina", office="shymkent"),
        marat=make.make_person("marat"),
        yerlan=jarqyn.users.get(),
        natalya=qadam.users.get(),
        gani=altyn.users.get(),
        jarqyn=jarqyn,
        qadam=qadam,
        altyn=altyn,
        diapers_type=diapers_type,
        walker_type=walker_type,
        diapers=make.make_entitlement(alihan, diapers_type),
        walker=make.make_entitlement(
            alihan, walker_type, norm=1, period="once", replacement_months=24, guaranteed_unit_sum="160000.00"
        ),
        diaper_offer=make.make_offer(diapers, jarqyn),
        other_diaper_offer=make.make_offer(diapers, altyn, price="5600.00"),
        walker_offer=make.make_offer(walker, qadam, price="172500.00", pack_size=1, stock=3),
    )


@pytest.fixture
def order(family: Family) -> Order:
    """Accepted: diapers (line a) and bed pads (line b) of one supplier, the act not signed yet."""
    pads_type = make.make_type("bed-pads")
    pads = make.make_entitlement(family.alihan, pads_type)
    offer = make.make_offer(make.make_product(pads_type), family.jarqyn)
    fields = make.fields_for((family.diapers, family.diaper_offer, 2), (pads, offer, 1))
    [found] = make.make_orders(family.aigul, fields)
    fulfilment.confirm(number=found.number, actor=family.yerlan)
    fulfilment.ship(number=found.number, actor=family.yerlan)
    fulfilment.deliver(number=found.number, actor=family.yerlan, code=crypto.code("delivery", found.number))
    fulfilment.accept(number=found.number, actor=family.aigul)
    return found
