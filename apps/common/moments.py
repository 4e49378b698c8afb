"""Between the two ways time is stored: ms UTC at the edges, timestamps with zone in rows."""

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_datetime(at: int) -> datetime:
    """The moment of ms UTC."""
    return EPOCH + timedelta(milliseconds=at)


def to_ms(moment: datetime) -> int:
    """Whole ms UTC of a moment."""
    return (moment - EPOCH) // MILLISECOND


def utc_day(at: int) -> date:
    """The UTC day that ms UTC falls on."""
    return to_datetime(at).date()
