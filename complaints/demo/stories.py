"""The demo's stories as data: who ordered what from whom, and what became of it, hour by hour.

A step is (hours after the order was sent, verb, arguments). ``file`` starts a complaint about the order's line; the
verbs after it that begin with ``c:`` are steps of that complaint.
"""

from dataclasses import dataclass, field
from typing import Any

Step = tuple[float, str, dict[str, Any]]
DAY = 24.0


@dataclass(frozen=True)
class Story:
    """One order of ``person`` to ``supplier`` (a demo login), sent ``days_ago`` at about ten in the morning."""

    name: str
    person: str
    type: str
    supplier: str
    days_ago: int
    packs: int = 1
    steps: tuple[Step, ...] = field(default=())


@dataclass(frozen=True)
class Grievance:
    """A complaint without an order line: about a supplier's price, an office, the portal."""

    name: str
    person: str
    days_ago: int
    filing: dict[str, Any]
    steps: tuple[Step, ...] = field(default=())


def confirmed(after: float = 5) -> tuple[Step, ...]:
    return ((after, "confirm", {}),)


def shipped() -> tuple[Step, ...]:
    return (*confirmed(), (2 * DAY, "ship", {}))


def delivered(lot: str) -> tuple[Step, ...]:
    return (*shipped(), (4 * DAY, "deliver", {"lot": lot}))


def accepted(lot: str) -> tuple[Step, ...]:
    return (*delivered(lot), (5 * DAY, "accept", {}))


def signed(lot: str) -> tuple[Step, ...]:
    return (*accepted(lot), (6 * DAY, "sign", {}))


def paid(lot: str) -> tuple[Step, ...]:
    return (*signed(lot), (12 * DAY, "pay", {}))


def complaint(after_days: float, subject: str, text: str, demand: str, **more: Any) -> Step:
    return (after_days * DAY, "file", {"subject": subject, "text": text, "demand": demand, **more})


STORIES = (
    # --- last quarter, all well: the mother and the demo person know how it goes
    Story("child-diapers-q3", "child", "child-diapers", "supplier", 75, 6, paid("L-2608-114")),
    Story("person-diapers-q3", "person", "adult-diapers", "supplier3", 72, 10, paid("L-2608-220")),
    # --- every state of an order
    Story("sent", "lyudmila", "adult-diapers", "supplier", 0, 4),
    Story("confirmed", "svetlana", "adult-diapers", "supplier3", 2, 4, confirmed()),
    Story("in-delivery", "olga", "underpads", "supplier", 3, 2, shipped()),
    Story("delivered", "yerbol", "ostomy-bag-one-piece", "supplier", 6, 1, delivered("OST-77120")),
    Story("accepted", "temirlan", "child-diapers", "supplier3", 8, 3, accepted("L-2611-015")),
    Story(
        "accepted-with-remarks",
        "askar",
        "orthopaedic-shoes",
        "supplier2",
        12,
        1,
        (*delivered("SH-4401"), (5 * DAY, "remarks", {"reason": "Бір аяқ киімнің тігісі қисық, бірақ киюге болады."})),
    ),
    Story("reimbursement-pending", "yerbol", "urine-bag-leg", "supplier3", 11, 1, signed("UB-9912")),
    Story("paid", "zhanar", "hearing-aid-batteries", "supplier", 25, 1, paid("BAT-3310")),
    Story(
        "failed-delivery",
        "madina",
        "hearing-aid-behind-ear",
        "supplier3",
        5,
        1,
        (*shipped(), (3 * DAY, "fail", {"reason": "Үйде ешкім болмады, телефонға жауап бермеді."})),
    ),
    Story(
        "declined",
        "olga",
        "bed-powered",
        "supplier2",
        4,
        1,
        ((20, "decline", {"reason": "Кровати этой модели не будет на складе до января."}),),
    ),
    Story("timed-out", "olga", "rollator-adult", "supplier", 14, 1),
    Story(
        "cancelled",
        "bauyrzhan",
        "wheelchair-manual-standard",
        "supplier3",
        9,
        1,
        (*confirmed(), (30, "cancel", {"reason": "Басқа үлгіні таңдадым."})),
    ),
    Story(
        "taken-back",
        "svetlana",
        "srv-1-assistant",
        "supplier3",
        40,
        20,
        (
            *delivered("2026-10"),
            (5 * DAY, "reject", {"reason": "Помощник не пришёл ни в один из согласованных дней."}),
            (7 * DAY, "take-back", {"reason": "Часы возвращены в норму."}),
        ),
    ),
    # --- every state of a complaint
    Story(
        "with-seller",
        "temirlan",
        "wheelchair-manual-child",
        "supplier2",
        13,
        1,
        (
            *delivered("WCH-0093"),
            (5 * DAY, "reject", {"reason": "Орындықтың ені 30 см, балаға 26 см керек."}),
            complaint(
                5.2,
                "misfit",
                "Тапсырыста орындықтың ені 26 см деп жазылған, 30 см арба әкелінді. Бала шалқайып құлайды.",
                "other_replacement",
            ),
        ),
    ),
    Story(
        "escalated",
        "nurbol",
        "catheter-intermittent",
        "supplier2",
        34,
        4,
        (
            *accepted("CAT-5508"),
            complaint(
                7,
                "defect",
                "Он қаптаманың үшеуінде катетердің ұшы өткір, қан шықты. Қалғанын ашуға қорқамын.",
                "same_replacement",
            ),
            # the supplier is silent: the clock passes it on after the tenth day
        ),
    ),
    Story(
        "outcome-check",
        "nurbol",
        "wheelchair-manual-active",
        "supplier",
        40,
        1,
        (
            *accepted("WA-1207"),
            complaint(
                9, "defect", "Сол жақ дөңгелектің подшипнигі бір аптада босап кетті, тік жүрмейді.", "free_repair"
            ),
            (
                24 * DAY,
                "c:decide",
                {
                    "outcome": "satisfied",
                    "detail": "after_authority",
                    "text": "Өнім беруші дөңгелек торабын өз есебінен ауыстырды.",
                    "returned": "0",
                },
            ),
        ),
    ),
    Story(
        "answered",
        "zhanar",
        "hearing-aid-behind-ear",
        "supplier3",
        21,
        1,
        (
            *accepted("HA-20418"),
            complaint(6, "setting", "Аппарат ысқырады, екі рет баптағаннан кейін де өзгерген жоқ.", "refitting"),
            (
                12 * DAY,
                "c:answer",
                {
                    "text": "Ысқыру құлақ қалыбының тығыз болмауынан. 25-іне тегін жаңа қалып жасауға шақырамыз, құжаттар тіркелді."
                },
            ),
        ),
    ),
    Story(
        "settled-offer",
        "viktor",
        "white-cane",
        "supplier",
        16,
        1,
        (
            *accepted("CN-0051"),
            complaint(8, "defect", "Наконечник трости отклеился на второй день.", "same_replacement"),
            (
                13 * DAY,
                "c:offer",
                {"text": "Заменим трость и доставим за свой счёт.", "remedy": "same_replacement", "in_days": 10},
            ),
        ),
    ),
    Story(
        "remedy-running",
        "lyudmila",
        "pressure-mattress",
        "supplier",
        24,
        1,
        (
            *accepted("MT-7714"),
            complaint(7, "defect", "Компрессор матраса гудит так, что невозможно спать.", "free_repair"),
            (
                10 * DAY,
                "c:offer",
                {"text": "Заменим компрессор на новый с тихим режимом.", "remedy": "free_repair", "in_days": 20},
            ),
            (11 * DAY, "c:accept-offer", {}),
        ),
    ),
    Story(
        "closed-satisfied",
        "askar",
        "elbow-crutches",
        "supplier3",
        45,
        1,
        (
            *accepted("CR-3302"),
            complaint(6, "defect", "Балдақтың бекітпесі сырғып кетеді, сүйену қауіпті.", "same_replacement"),
            (9 * DAY, "c:offer", {"text": "Жаңа жұп балдақ жібереміз.", "remedy": "same_replacement", "in_days": 7}),
            (10 * DAY, "c:accept-offer", {}),
            (15 * DAY, "c:remedy-done", {"text": "Жаңа жұп табыс етілді.", "no_proof": "Қабылдау актісі бар."}),
            (16 * DAY, "c:confirm-outcome", {}),
        ),
    ),
    Story(
        "closed-explained",
        "kamila",
        "ankle-foot-orthosis",
        "supplier2",
        38,
        1,
        (
            *accepted("AFO-118"),
            complaint(8, "fitting", "Ортез тобықты қысып қалды.", "refitting"),
            (
                12 * DAY,
                "c:answer",
                {
                    "text": "Ортез дәрігердің өлшемімен жасалған; алғашқы екі аптада күніне екі сағаттан кию керек. Нұсқаулық пен өлшем парағы қоса берілді."
                },
            ),
            (14 * DAY, "c:accept-answer", {}),
        ),
    ),
    Story(
        "in-court",
        "nurbol",
        "catheter-intermittent",
        "supplier",
        88,
        6,
        (
            *accepted("CAT-4120"),
            complaint(
                7, "defect", "Катетерлердің майы құрғап қалған, жарақат салады. Ақшаны қайтарудан бас тартты.", "refund"
            ),
            (25 * DAY, "c:to-court", {"reason": "120 000 ₸ көлеміндегі зиянды өндіру туралы талап арыз."}),
        ),
    ),
    Story(
        "pretrial",
        "svetlana",
        "adult-diapers",
        "supplier",
        45,
        6,
        (
            *accepted("L-2609-077"),
            complaint(7, "short_quantity", "В шести упаковках не хватило 14 штук.", "missing_pieces"),
            (20 * DAY, "c:to-pretrial", {"consent": "Заявления обеих сторон о медиации."}),
        ),
    ),
    Story(
        "held",
        "kamila",
        "ankle-foot-orthosis",
        "supplier",
        18,
        1,
        (
            *signed("AFO-240"),
            complaint(8, "danger", "Ортездің металл шеті терісін тіліп кетті, дәрігерге бардық.", "damage"),
        ),
    ),
    Story(
        "refused-by-law",
        "daniyar",
        "pressure-cushion",
        "supplier3",
        42,
        1,
        (
            *accepted("PC-2210"),
            complaint(6, "warranty", "Ұсақ жыртығы бар жастықты кепілдікпен ауыстырмады.", "same_replacement"),
            (
                9 * DAY,
                "c:answer",
                {"text": "Жыртық өткір заттан болған, кепілдікке жатпайды. Сараптама қорытындысы тіркелді."},
            ),
            (10 * DAY, "c:reject-answer", {"text": "Келіспеймін, жыртық тігісінен кеткен."}),
            (12 * DAY, "c:refuse", {"ground": "decided_by_court", "text": "Дәл осы мәселе бойынша сот шешімі бар."}),
        ),
    ),
    Story(
        "withdrawn",
        "viktor",
        "screen-reader",
        "supplier",
        30,
        1,
        (
            *accepted("SR-KEY-88"),
            complaint(6, "defect", "Программа не говорит по-казахски.", "refund"),
            (8 * DAY, "c:withdraw", {"reason": "settled_outside", "text": "Настроили по телефону, голос заработал."}),
        ),
    ),
    Story(
        "waiting-person",
        "temirlan",
        "child-diapers",
        "supplier",
        13,
        3,
        (
            *accepted("L-2609-301"),
            complaint(6, "short_quantity", "Қаптамада 60 дана деп жазылған, 52 дана шықты.", "missing_pieces"),
            (
                7 * DAY,
                "c:answer",
                {"text": "Қаптамалар зауытта автоматпен саналады, кем болуы мүмкін емес. Сапа паспорты тіркелді."},
            ),
            (8 * DAY, "c:reject-answer", {"text": "Жапсырма мен ашылған қаптаманың суреті бар."}),
            (8.5 * DAY, "c:take-up", {}),
            (
                9 * DAY,
                "c:ask-person",
                {"pause": "details", "question": "Қаптаманың салмағы жазылған жапсырманың суретін жіберіңізші."},
            ),
        ),
    ),
)

GRIEVANCES = (
    Grievance(
        "overprice", "temirlan", 20,
        {
            "subject": "overprice", "sphere": "market", "region": "KZ-35",
            "text": "Балаға арналған арнайы арба бір ғана өнім берушіде, бағасы кепілдік сомадан екі есе қымбат.",
            "demand": "price_correction",
        },
    ),
    Grievance(
        "portal", "svetlana", 17,
        {
            "subject": "portal_failure", "sphere": "portal", "region": "KZ-63",
            "text": "Вчера вечером страница заявки не открывалась с телефона около часа.", "demand": "rule_change",
        },
        ((2 * DAY, "c:decide", {"outcome": "explained", "detail": "advice", "text": "Был перерыв связи у оператора. Черновик сохранён, заявка отправлена."}),
         (3 * DAY, "c:confirm-outcome", {})),
    ),
    Grievance(
        "office", "nurbol", 9,
        {
            "subject": "staff", "sphere": "office", "region": "KZ-79", "office": "shymkent",
            "text": "Кеңседе талон кеңестен кейін ғана беріледі, екі сағат тұрып күттім.", "demand": "apology",
        },
    ),
)  # fmt: skip
