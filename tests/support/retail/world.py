"""What those who act share: the clock, chance, the post, and what they remember having said."""

from collections.abc import Container, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from ledger.domain.requests import AnyRequest
from ledger.domain.state import State
from retail.network import BACK_OFFICE, Network, Site, Till

OPENS: Final = datetime(2026, 3, 27, 6, 0, tzinfo=UTC)
"""A Friday; on the Sunday most of Europe turns its clocks."""
RECENT: Final = 10
"""Most of what is done is about one of so many things that were last heard of."""
KNOCKS: Final = 5
FEW: Final = 25
TWICE: Final = 0.05
"""How often a request is sent again."""

T = TypeVar("T")


class Sent(NamedTuple):
    """A request, its sender, and when it reaches the writer."""

    arrives: datetime
    channel: str
    request: AnyRequest


class Sale(NamedTuple):
    """A sale that was sent: where, by whom, under which id, and its lines' skus by id."""

    channel: str
    request_id: str
    location: str
    skus: dict[str, str]


class Post:
    """What is on its way to the writer, by the time of its arrival."""

    def __init__(self) -> None:
        self._on_the_way: list[tuple[datetime, int, Sent]] = []
        self._posted = 0

    def __len__(self) -> int:
        return len(self._on_the_way)

    def put(self, sent: Sent) -> None:
        self._posted += 1
        heappush(self._on_the_way, (sent.arrives, self._posted, sent))

    def next_arrival(self) -> datetime | None:
        """When the next one arrives."""
        return self._on_the_way[0][0] if self._on_the_way else None

    def take(self) -> Sent:
        """The next to arrive."""
        return heappop(self._on_the_way)[2]


class World:
    """The retailer as its people know it: they look at the writer's state as they would at views."""

    def __init__(self, chance: Random, network: Network, state: State) -> None:
        self.chance, self.network, self.state = chance, network, state
        self.now = OPENS
        self.post = Post()
        self.orders: list[str] = []
        self.sales: list[Sale] = []
        self.shipments: list[tuple[str, str, str]] = []
        self.owners: list[str] = []
        self.supplies: list[str] = []
        self.transfers: list[str] = []
        self.returns: list[str] = []
        self.payments: list[str] = []
        self.customers: list[str] = []
        self.offline_until: dict[str, datetime] = {}
        self._named = 0

    def a_name(self, kind: str) -> str:
        """An id that nobody else has."""
        self._named += 1
        return f"{kind}-{self._named}"

    def one_of(self, heard: Sequence[T]) -> T:
        """Something heard of, mostly of late."""
        if self.chance.random() < 0.8:
            heard = heard[-RECENT:]
        return self.chance.choice(heard)

    def one_known(self, heard: Sequence[str], known: Container[str]) -> str:
        """One that the writer knows, if it is soon found."""
        found = self.one_of(heard)
        for _ in range(KNOCKS):
            if found in known or self.chance.random() < 0.1:
                return found
            found = self.one_of(heard)
        return found

    def an_order(self) -> str:
        """Mostly one that was granted."""
        return self.one_known(self.orders, self.state.orders)

    def perhaps(self, likely: float) -> bool:
        return self.chance.random() < likely

    def a_sku(self) -> str:
        """A sku; rarely one that nobody described."""
        if self.chance.random() < 0.005:
            return "UNHEARD-OF"
        return self.chance.choice(self.network.skus)

    def a_site(self) -> Site:
        """A location: mostly a busy one."""
        sites = self.network.sites
        if self.chance.random() < 0.7:
            name = self.chance.choice(self.network.busy)
            return next(site for site in sites if site.name == name)
        return self.chance.choice(sites)

    def a_location(self) -> str:
        """A location's name; rarely one that nobody described."""
        return "popup" if self.chance.random() < 0.005 else self.a_site().name

    def a_quantity(self, most: int = 4) -> int:
        return self.chance.randint(1, most)

    def about_all(self, location: str, sku: str, more: int = 0) -> int:
        """Now and then about all that is available there, or a little too much."""
        item = self.state.stock.get((location, sku))
        if item is None or not 0 < item.available + more <= FEW or self.chance.random() < 0.6:
            return self.a_quantity()
        return max(1, item.available + more + self.chance.choice((-1, 0, 0, 1)))

    def in_future(self, least_s: int, most_s: int) -> datetime:
        """A time to come, in whole minutes."""
        at = self.now + timedelta(seconds=self.chance.randint(least_s, most_s))
        return at.replace(second=0, microsecond=0)

    def send(
        self,
        sender: str,
        request_type: type,
        /,
        *,
        late_s: int | None = None,
        request_id: str | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> str:
        """Send a request; it may arrive late, and twice. Gives back its id."""
        request_id = request_id or self.a_name(sender)
        occurred_at = at or self._happened()
        request = request_type(request_id=request_id, occurred_at=occurred_at, **fields)
        arrives = self.now + timedelta(seconds=self._late_s() if late_s is None else late_s)
        self._put(Sent(arrives, sender, request))
        return request_id

    def tell(self, request_type: type, /, *, late_s: int | None = None, **fields: Any) -> str:
        """The back office says so."""
        return self.send(BACK_OFFICE, request_type, late_s=late_s, **fields)

    def ring_up(self, till: Till, request_type: type, /, **fields: Any) -> str:
        """A till says so, by its own clock, as soon as it is online."""
        at = self.now + timedelta(seconds=till.skew_s)
        back = self.offline_until.get(till.channel, self.now)
        late_s = None
        if back > self.now:
            late_s = int((back - self.now).total_seconds()) + self.chance.randint(0, 90)
        return self.send(till.channel, request_type, late_s=late_s, at=_whole(at), **fields)

    def goes_offline(self, till: Till) -> None:
        """A till sells on without anybody hearing of it."""
        self.offline_until[till.channel] = self.in_future(600, 6 * 3600)

    def _happened(self) -> datetime:
        """A moment ago; often at a whole minute, so that things happen at the same instant."""
        at = self.now - timedelta(seconds=self.chance.randint(0, 60))
        return at.replace(second=0) if self.chance.random() < 0.3 else at

    def _late_s(self) -> int:
        lot = self.chance.random()
        if lot < 0.85:
            return 0
        return self.chance.randint(60, 1800) if lot < 0.95 else self.chance.randint(1800, 40_000)

    def _put(self, sent: Sent) -> None:
        self.post.put(sent)
        if self.chance.random() < TWICE:
            again_s = self.chance.choice((0, 5, 600, 20_000))
            self.post.put(sent._replace(arrives=sent.arrives + timedelta(seconds=again_s)))


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
