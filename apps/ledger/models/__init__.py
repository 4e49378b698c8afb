"""The ledger's tables: the journal, its projections, the account's books, and fenced duties."""

from apps.ledger.models.books import (
    AssetBalance,
    BotBalance,
    LedgerEntry,
    VenueFill,
    VenueOrderState,
)
from apps.ledger.models.duties import BarFeed, Desk
from apps.ledger.models.journal import BotEvent, MarksCheckpoint
from apps.ledger.models.projections import DailyStat, EquityPoint, Fill, Order, Position

__all__ = [
    "AssetBalance",
    "BarFeed",
    "BotBalance",
    "BotEvent",
    "DailyStat",
    "Desk",
    "EquityPoint",
    "Fill",
    "LedgerEntry",
    "MarksCheckpoint",
    "Order",
    "Position",
    "VenueFill",
    "VenueOrderState",
]
