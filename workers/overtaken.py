"""Whether an answer about an order still says anything when its bot gets to read it."""

from apps.trading.bot_state import WorkingOrder
from apps.trading.events import OrderAbsent, OrderUnknown
from apps.trading.order import OrderStatus
from workers.mailbox import Letter


def overtaken(letter: Letter, order: WorkingOrder | None) -> bool:
    """Whether facts, or a newer signature of the same order, say more than this letter.

    An absence is proven for the signatures that had run out when the venue was asked. Believed of
    a newer one, it would sign an order anew that is on its way: the exchange would have it twice.
    """
    if order is None:
        return True
    if not isinstance(letter, OrderUnknown | OrderAbsent):
        return False
    if order.status is not OrderStatus.SENDING:
        return True
    if isinstance(letter, OrderUnknown):
        return False
    return order.sending is None or order.sending.deadline_at > letter.deadline_at
