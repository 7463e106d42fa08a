"""Volume for measurements: deterministic, in bulk, by SQL inside the database.

Everything hangs together as real data would (an order's line has its tranche, ledger transfers add up to the
tranche's columns, open orders hold stock), because the measured pages and services run on it. People are named
``scale-000001`` and, in a demo, sign in with the demo's password.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

ORDERS_PER_PERSON = 5
TYPE = "adult-diapers"


@dataclass(frozen=True)
class Volume:
    """``beneficiaries``: people with a programme, whether or not they have ordered anything."""

    orders: int = 0
    beneficiaries: int = 0
    complaints: int = 0
    seed: int = 1


def people(volume: Volume) -> int:
    """How many beneficiaries there must be."""
    return max(volume.beneficiaries, -(-volume.orders // ORDERS_PER_PERSON))


def seed_people_and_orders(volume: Volume) -> None:
    """Add people, entitlements, orders, lines, ledger transfers and events; ids already there are kept."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'")
        facts: dict[str, Any] = {
            "people": people(volume),
            "orders": volume.orders,
            "seed": str(volume.seed),
            "password": make_password("demo-portal") if settings.DEMO else "!",
            "type": TYPE,
        }
        for statement in (
            PEOPLE,
            RECORDS,
            ENTITLEMENTS,
            TRANCHES,
            SCALE_ORDERS,
            DRAFTS,
            ORDERS,
            LINES,
            FORGET_SCALE_ORDERS,
            RESERVED,
            CONSUMED,
            COLUMNS,
            STOCK,
            EVENTS,
        ):
            cursor.execute(*_complete(statement, facts))
    _tidy()


def seed_complaints(volume: Volume) -> None:
    """Add complaints with their events: about lines of closed orders while there are any, else about suppliers."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'")
        facts: dict[str, Any] = {
            "complaints": volume.complaints,
            "seed": str(volume.seed),
            "zone": settings.TIME_ZONE,
        }
        for statement in (COMPLAINTS, COMPLAINT_EVENTS, COMPLAINT_FACTS):
            cursor.execute(*_complete(statement, facts))
    _tidy()


# The columns of an INSERT and the end of what it selects.
INSERT = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)\nSELECT .*?(?=\nFROM )", re.DOTALL)


def _complete(statement: str, facts: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """An INSERT with the columns that it does not name and that must not be empty, under their models' defaults: the
    database knows none. Other statements stay as they are.
    """
    found = INSERT.search(statement)
    if found is None:
        return statement, facts
    model = next(model for model in apps.get_models() if model._meta.db_table == found[1])
    named = set(found[2].replace('"', "").replace(",", " ").split())
    left = {
        field.column: field.get_db_prep_save(field.get_default(), connection)
        for field in model._meta.concrete_fields
        if not (field.column in named or field.null or field.primary_key)
    }
    columns = "".join(f", {column}" for column in left)
    values = "".join(f", %(default_{column})s" for column in left)
    completed = statement[: found.end(2)] + columns + statement[found.end(2) : found.end()] + values
    return completed + statement[found.end() :], facts | {f"default_{column}": value for column, value in left.items()}


def _tidy() -> None:
    """What the database's own housekeeper would do for the next ten minutes, beside what is measured."""
    with connection.cursor() as cursor:
        # It may hold a table that has just been filled: wait for it.
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")
        cursor.execute("RESET statement_timeout; RESET lock_timeout")


# A reproducible whole number 0 … n-1 out of a row's number and a purpose.
PICK = "(('x' || substr(md5(%(seed)s || ':{purpose}:' || {row}), 1, 7))::bit(28)::int)"


def pick(purpose: str, row: str = "n") -> str:
    return PICK.format(purpose=purpose, row=row)


PEOPLE = f"""
INSERT INTO marketplace_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
    date_joined, role, full_name, phone, channel, language, vision, office_id, region_id)
SELECT %(password)s, false, 'scale-' || lpad(n::text, 6, '0'), '', '', '', false, true, now(), 'beneficiary',
    (ARRAY['Айгүл','Марат','Гүлнар','Ерлан','Сәуле','Бақыт','Дина','Тимур'])[1 + {pick("given")} %% 8] || ' ' ||
    (ARRAY['Ахметова','Сейіт','Қасымова','Жұмабай','Омарова','Ильясов','Ким','Иванова'])[1 + {pick("family")} %% 8],
    '+7700' || lpad(n::text, 7, '0'), 'sms', (ARRAY['kk','ru'])[1 + n %% 2], '{{}}', o.id, o.region_id
FROM generate_series(1, %(people)s) AS n
JOIN (SELECT id, region_id, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS total
      FROM marketplace_office) o ON o.place = n %% o.total
ON CONFLICT (username) DO NOTHING
"""

RECORDS = """
INSERT INTO marketplace_personrecord (user_id, birth_date, address, measures)
SELECT u.id, date '1940-01-01' + (u.id %% 25000)::int, '', jsonb_build_object('waist_mm', 700 + u.id %% 600, 'hip_mm', 800 + u.id %% 600)
FROM marketplace_user u WHERE u.username LIKE 'scale-%%' ON CONFLICT (user_id) DO NOTHING
"""

ENTITLEMENTS = """
INSERT INTO order_entitlement (beneficiary_id, product_type_id, status, norm, unit, period, guaranteed_unit_sum,
    valid_from, source, mark, note, tranche_months, tranche_quantity)
SELECT u.id, t.id, 'active', 1460, 'piece', 'year', 250, date_trunc('year', now())::date, 'scale', 'D', '', 3, 365
FROM marketplace_user u JOIN catalogue_productclass t ON t.code = %(type)s
WHERE u.username LIKE 'scale-%%'
ON CONFLICT DO NOTHING
"""

# One wide tranche carries the history; today's quarter is a normal one.
TRANCHES = """
INSERT INTO order_tranche (entitlement_id, opens_on, closes_on, quantity, budget, reserved_quantity, consumed_quantity,
    reserved_sum, consumed_sum, announced_at)
SELECT e.id, span.opens_on, span.closes_on, span.quantity, span.quantity * 250, 0, 0, 0, 0, now()
FROM order_entitlement e
CROSS JOIN LATERAL (VALUES
    (date '2020-01-01', (date_trunc('quarter', now()) - interval '1 day')::date, 100000),
    (date_trunc('quarter', now())::date, (date_trunc('quarter', now()) + interval '3 months - 1 day')::date, 365)
) AS span (opens_on, closes_on, quantity)
WHERE e.source = 'scale' ON CONFLICT DO NOTHING
"""

# How long an order is under way, and a complaint unanswered.
OPEN_DAYS, ANSWER_DAYS = 30, 10

# The numbered orders to come, each with its person, offer, state and day: the statements below share it.
# How many offers there are is asked beside the join, so that the database looks each order's up instead of comparing
# every order with every offer.
SCALE_ORDERS = f"""
CREATE TEMPORARY TABLE scale_order AS
WITH offer AS MATERIALIZED (
    SELECT s.id, s.partner_id, p.name AS partner_name, s.partner_sku, s.product_id, pr.title, s.price, s.pack_size,
        row_number() OVER (ORDER BY s.id) - 1 AS place
    FROM partner_stockrecord s JOIN partner_partner p ON p.id = s.partner_id
    JOIN catalogue_product pr ON pr.id = s.product_id
    JOIN catalogue_productclass c ON c.id = pr.product_class_id AND c.code = %(type)s
    WHERE s.status = 'published')
SELECT n, 'S' || lpad(n::text, 9, '0') AS number, md5(%(seed)s || ':draft:' || n)::uuid AS draft_id,
    now() - ({pick("age")} %% 31536000) * interval '1 second' AS placed,
    -- Of the last month's half are under way, as {OPEN_DAYS} days from sending to payment make it; older ones have ended.
    CASE WHEN {pick("age")} %% 31536000 < {OPEN_DAYS * 86_400} AND {pick("under way")} %% 2 = 0
        THEN (ARRAY['sent','confirmed','in_delivery','delivered','accepted','reimbursement_pending','paid'])
             [1 + {pick("state")} %% 7]
        ELSE (ARRAY['closed','closed','closed','closed','closed','closed','closed','closed','cancelled','declined'])
             [1 + {pick("state")} %% 10] END AS status,
    u.id AS person_id, u.full_name, u.phone, u.office_id, u.region_id,
    s.id AS offer_id, s.partner_id, s.partner_name, s.partner_sku, s.product_id, s.title, s.price, s.pack_size,
    e.id AS entitlement_id, t.id AS tranche_id, least(s.price, 250 * s.pack_size) AS state_pays
FROM generate_series(1, %(orders)s) AS n
JOIN marketplace_user u ON u.username = 'scale-' || lpad((1 + (n - 1) %% %(people)s)::text, 6, '0')
JOIN order_entitlement e ON e.beneficiary_id = u.id AND e.source = 'scale'
JOIN order_tranche t ON t.entitlement_id = e.id AND t.opens_on = date '2020-01-01'
JOIN offer s ON s.place = {pick("offer")} %% (SELECT count(*) FROM offer)
"""

DRAFTS = """
INSERT INTO marketplace_draft (id, kind, schema, status, beneficiary_id, author_id, rev, fields, conflicts, result,
    created_at, updated_at, submitted_at)
SELECT o.draft_id, 'order', 1, 'submitted', o.person_id, o.person_id, 1, '{}', '{}', '{}', o.placed, o.placed, o.placed
FROM scale_order o ON CONFLICT (id) DO NOTHING
"""

ORDERS = """
INSERT INTO order_order (number, currency, total_incl_tax, total_excl_tax, shipping_incl_tax, shipping_excl_tax,
    shipping_method, shipping_code, date_placed, status, state_pays, you_pay, contact_name, contact_phone,
    contact_channel, delivery_address, delivery_comment, due_at, due_rule, promised_on, code_attempts,
    delivery_attempts, fallback, snapshot_hash, draft_id, office_id, partner_id, placed_by_id, region_id, user_id)
SELECT o.number, 'KZT', o.price, o.price, 0, 0, '', '', o.placed, o.status, o.state_pays, o.price - o.state_pays,
    o.full_name, o.phone, 'sms', '', '',
    CASE WHEN o.status IN ('closed', 'cancelled', 'declined', 'paid') THEN NULL ELSE o.placed + interval '20 days' END,
    '', (o.placed + interval '10 days')::date, 0, 0, '{}', '', o.draft_id, o.office_id, o.partner_id, o.person_id,
    o.region_id, o.person_id
FROM scale_order o ON CONFLICT DO NOTHING
"""

LINES = """
INSERT INTO order_line (order_id, partner_id, partner_name, partner_sku, partner_line_reference, partner_line_notes,
    stockrecord_id, product_id, title, quantity, line_price_incl_tax, line_price_excl_tax,
    line_price_before_discounts_incl_tax, line_price_before_discounts_excl_tax, unit_price_incl_tax,
    unit_price_excl_tax, status, num_allocated, allocation_cancelled, pack_size, units, state_pays, you_pay,
    warranty_months, lot, key, entitlement_id, tranche_id)
SELECT r.id, o.partner_id, o.partner_name, o.partner_sku, '', '', o.offer_id, o.product_id, o.title, 1, o.price, o.price,
    o.price, o.price, o.price, o.price, '', (o.status IN ('sent', 'confirmed', 'in_delivery', 'delivered'))::int,
    o.status IN ('cancelled', 'declined'), o.pack_size, o.pack_size,
    o.state_pays, o.price - o.state_pays, 0, '', 'a', o.entitlement_id, o.tranche_id
FROM scale_order o JOIN order_order r ON r.number = o.number
WHERE NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = r.id)
"""

FORGET_SCALE_ORDERS = "DROP TABLE scale_order"

RESERVED = """
INSERT INTO order_ledgertransfer (at, tranche_id, line_id, source, target, quantity, amount)
SELECT o.date_placed, l.tranche_id, l.id, 'free', 'reserved', l.units, l.state_pays
FROM order_line l JOIN order_order o ON o.id = l.order_id
WHERE o.number LIKE 'S%%' AND o.status NOT IN ('cancelled', 'declined') ON CONFLICT DO NOTHING
"""

CONSUMED = """
INSERT INTO order_ledgertransfer (at, tranche_id, line_id, source, target, quantity, amount)
SELECT o.date_placed, l.tranche_id, l.id, 'reserved', 'consumed', l.units, l.state_pays
FROM order_line l JOIN order_order o ON o.id = l.order_id
WHERE o.number LIKE 'S%%' AND o.status IN ('accepted', 'reimbursement_pending', 'paid', 'closed') ON CONFLICT DO NOTHING
"""

COLUMNS = """
UPDATE order_tranche t SET reserved_quantity = sums.reserved - sums.consumed, consumed_quantity = sums.consumed,
    reserved_sum = sums.reserved_sum - sums.consumed_sum, consumed_sum = sums.consumed_sum
FROM (SELECT tranche_id,
        sum(quantity) FILTER (WHERE target = 'reserved') AS reserved,
        coalesce(sum(quantity) FILTER (WHERE target = 'consumed'), 0) AS consumed,
        sum(amount) FILTER (WHERE target = 'reserved') AS reserved_sum,
        coalesce(sum(amount) FILTER (WHERE target = 'consumed'), 0) AS consumed_sum
      FROM order_ledgertransfer GROUP BY tranche_id) sums
JOIN order_tranche own ON own.id = sums.tranche_id
JOIN order_entitlement e ON e.id = own.entitlement_id AND e.source = 'scale'
WHERE t.id = sums.tranche_id
"""

STOCK = """
UPDATE partner_stockrecord s SET num_in_stock = s.num_in_stock + held.packs, num_allocated = s.num_allocated + held.packs
FROM (SELECT l.stockrecord_id, count(*) AS packs FROM order_line l JOIN order_order o ON o.id = l.order_id
      WHERE o.number LIKE 'S%%' AND o.status IN ('sent', 'confirmed', 'in_delivery', 'delivered')
      AND NOT EXISTS (SELECT 1 FROM marketplace_event e WHERE e.subject = 'order:' || o.number)
      GROUP BY l.stockrecord_id) held
WHERE s.id = held.stockrecord_id
"""

EVENTS = """
INSERT INTO marketplace_event (at, actor_id, kind, subject, before, after, reason, request_id, data)
SELECT o.date_placed, o.user_id, 'order.sent', 'order:' || o.number, '', 'sent', '', '', '{}'
FROM order_order o WHERE o.number LIKE 'S%%'
AND NOT EXISTS (SELECT 1 FROM marketplace_event e WHERE e.subject = 'order:' || o.number)
"""

# About lines of closed orders as long as there are any, else about a supplier without an order.
COMPLAINTS = f"""
INSERT INTO complaints_complaint (number, tracking_hash, subject, sphere, text, demand, demands, fields,
    contact, contact_key, hide_name,
    channel, priority, status, rule, rule_version, filed_at, filed_on, respond_by, due_at, due_explained, answered_at,
    closed_at, answer, remedy, decision, outcome, outcome_detail, proposed_outcome, proposed_detail,
    confirmed_by, language, returned_sum, reopened, addressee_supplier_id, addressee_authority_id, complainant_id,
    hold_payment, waited_days, texts, filed_by_id, order_line_id, region_id, supplier_id)
SELECT 'S' || lpad(n::text, 9, '0'), sha256(('scale' || n)::bytea), 'defect', 'consumable', '', '', '[]', '{{}}',
    '{{}}', '', false,
    (ARRAY['portal','hotline','qr','written'])[1 + {pick("channel")} %% 4], 2, state.status, 'R1', date '2024-01-01',
    day.filed, (day.filed AT TIME ZONE %(zone)s)::date, (day.filed AT TIME ZONE %(zone)s)::date + 10,
    day.filed + interval '10 days', '{{}}', day.filed + interval '5 days',
    CASE WHEN state.status IN ('closed', 'withdrawn') THEN least(day.filed + interval '20 days', now()) END, '', '{{}}', '',
    CASE state.status WHEN 'closed' THEN 'satisfied' WHEN 'withdrawn' THEN 'withdrawn' ELSE '' END, '', '', '',
    CASE state.status WHEN 'closed' THEN 'person' ELSE '' END, 'kk', 0, 0, coalesce(l.partner_id, s.id), NULL, l.user_id,
    false, 0, '{{}}', l.user_id, l.id, coalesce(l.region_id, r.code), coalesce(l.partner_id, s.id)
FROM generate_series(1, %(complaints)s) AS n
LEFT JOIN (SELECT l.id, l.partner_id, o.user_id, o.region_id, o.date_placed, row_number() OVER (ORDER BY l.id) AS place
      FROM order_line l JOIN order_order o ON o.id = l.order_id
      WHERE o.number LIKE 'S%%' AND o.status = 'closed') l ON l.place = n
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS total
      FROM marketplace_region) r ON r.place = {pick("region")} %% r.total
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS total
      FROM partner_partner) s ON s.place = {pick("supplier")} %% s.total
CROSS JOIN LATERAL (SELECT CASE WHEN l.id IS NULL
    THEN now() - (31536000 * (1 - n::float8 / %(complaints)s) + {pick("filed")} %% 86400) * interval '1 second'
    ELSE least(l.date_placed + interval '15 days', now()) END AS filed) day
CROSS JOIN LATERAL (SELECT CASE WHEN day.filed > now() - interval '{ANSWER_DAYS} days'
    THEN (ARRAY['with_seller', 'answered'])[1 + {pick("complaint")} %% 2]
    ELSE (ARRAY['closed','closed','closed','closed','closed','closed','closed','closed','withdrawn'])
         [1 + {pick("complaint")} %% 9] END AS status) state
ON CONFLICT DO NOTHING
"""

# A closed case ended in one of two ways: the supplier's offer was kept, or the supplier was silent and a body decided.
COMPLAINT_EVENTS = f"""
INSERT INTO marketplace_event (at, actor_id, kind, subject, before, after, reason, request_id, data)
SELECT least(step.at, c.closed_at), step.actor_id, step.kind, 'complaint:' || c.number, step.before, step.after, '', '',
    step.data
FROM complaints_complaint c
JOIN (SELECT DISTINCT ON (region_id) region_id, code FROM marketplace_authority
      WHERE kind = 'consumer_protection' ORDER BY region_id, id) body ON body.region_id = c.region_id
CROSS JOIN LATERAL (SELECT c.status = 'closed' AND {pick("way", "c.number")} %% 2 = 0 AS kept,
    c.status = 'closed' AND {pick("way", "c.number")} %% 2 = 1 AS decided,
    jsonb_build_object('authority', body.code) AS joined,
    ({pick("returned", "c.number")} %% 90000)::text AS returned) way
CROSS JOIN LATERAL (VALUES
    (1, true, c.filed_at, c.complainant_id, 'complaint.filed', 'registered', 'with_seller', '{{}}'::jsonb),
    (2, c.status = 'answered', c.answered_at, NULL, 'complaint.answered', 'with_seller', 'answered',
     '{{"days": 5, "in_time": true}}'),
    (2, way.kept, c.answered_at, NULL, 'complaint.offered', 'with_seller', 'settled_offer',
     '{{"days": 5, "in_time": true}}'),
    (3, way.kept, c.filed_at + interval '6 days', c.complainant_id, 'complaint.offer_accepted', 'settled_offer',
     'remedy_running', '{{}}'),
    (4, way.kept, c.filed_at + interval '14 days', NULL, 'complaint.remedy_done', 'remedy_running', 'outcome_check', '{{}}'),
    (2, way.decided, c.filed_at + interval '11 days', NULL, 'complaint.ignored', 'with_seller', 'ignored', '{{}}'),
    (3, way.decided, c.filed_at + interval '11 days', NULL, 'complaint.escalated', 'ignored', 'escalated', way.joined),
    (4, way.decided, c.filed_at + interval '12 days', NULL, 'complaint.taken_up', 'escalated', 'with_body', '{{}}'),
    (5, way.decided, c.filed_at + interval '18 days', NULL, 'complaint.decided', 'with_body', 'decided',
     jsonb_build_object('outcome', 'satisfied', 'returned', way.returned, 'in_time', true)),
    (6, c.status = 'closed', c.closed_at, c.complainant_id, 'complaint.confirmed',
     CASE WHEN way.kept THEN 'outcome_check' ELSE 'decided' END, 'closed',
     jsonb_build_object('outcome', 'satisfied', 'confirmed', true, 'returned', way.returned)),
    (2, c.status = 'withdrawn', c.closed_at, c.complainant_id, 'complaint.withdrawn', 'with_seller', 'withdrawn',
     '{{"outcome": "withdrawn"}}')
) AS step (place, taken, at, actor_id, kind, before, after, data)
WHERE c.number LIKE 'S%%' AND step.taken
AND NOT EXISTS (SELECT 1 FROM marketplace_event e WHERE e.subject = 'complaint:' || c.number)
ORDER BY c.id, step.place
"""

# What the cases say about their suppliers: a confirmed one from its last day, a silent one from the day of silence.
COMPLAINT_FACTS = """
INSERT INTO partner_complaintfact (supplier_id, "case", kind, day)
SELECT c.supplier_id, c.number, step.kind, step.day
FROM complaints_complaint c CROSS JOIN LATERAL (
    SELECT 'confirmed' AS kind, (c.closed_at AT TIME ZONE %(zone)s)::date AS day WHERE c.confirmed_by <> ''
    UNION ALL SELECT 'silent', (e.at AT TIME ZONE %(zone)s)::date FROM marketplace_event e
    WHERE e.subject = 'complaint:' || c.number AND e.kind = 'complaint.ignored') step
WHERE c.number LIKE 'S%%' AND c.supplier_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM partner_complaintfact f WHERE f.supplier_id = c.supplier_id AND f."case" = c.number)
ON CONFLICT DO NOTHING
"""
