"""One venue with everything around its books: limits, charts, faults and listeners."""

from dataclasses import dataclass

from apps.venues.simexchange.charts import Charts
from apps.venues.simexchange.faults import Faults
from apps.venues.simexchange.limits import RequestLimits
from apps.venues.simexchange.streams import PublicStreams
from apps.venues.simexchange.userstream import UserStreams
from apps.venues.simexchange.venue import Venue


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a request handler needs of one named venue."""

    venue: Venue
    charts: Charts
    limits: RequestLimits
    faults: Faults
    streams: PublicStreams
    users: UserStreams
