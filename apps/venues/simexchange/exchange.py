"""One venue with everything around its books: limits, charts, faults and listeners."""

from dataclasses import dataclass, field

from apps.venues.simexchange.arrivals import Arrivals
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
    arrivals: Arrivals = field(default_factory=Arrivals)
