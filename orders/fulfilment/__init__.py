"""The verbs of an order's life (domain 3.2), one function each, split by who takes the step.

``answer`` — the supplier confirms or declines, the clock times out; ``delivery`` — on the way and
handed over; ``acceptance`` — the person accepts or rejects; ``settlement`` — act, payment, cancellation; ``holding`` — payments that wait for a case.
"""

from orders.fulfilment.acceptance import accept, accept_with_remarks, reject, replace, take_back
from orders.fulfilment.answer import confirm, decline, time_out
from orders.fulfilment.delivery import deliver, fail_delivery, ship
from orders.fulfilment.holding import hold, hold_line_for_case, release, release_line_after_case
from orders.fulfilment.settlement import cancel, close, pay, sign_act

__all__ = [
    "accept",
    "accept_with_remarks",
    "cancel",
    "close",
    "confirm",
    "decline",
    "deliver",
    "fail_delivery",
    "hold",
    "hold_line_for_case",
    "pay",
    "reject",
    "release",
    "release_line_after_case",
    "replace",
    "ship",
    "sign_act",
    "take_back",
    "time_out",
]
