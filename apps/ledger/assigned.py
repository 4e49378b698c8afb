"""What an account's books have left for a bot, and what a bot still holds."""

from uuid import UUID

from apps.bots.books import Funds
from apps.common.sql import fetch

# A working bot claims its capital as it stands now: what it was assigned, and what its trades
# gave or took since. Coins that a bot of another market holds are claimed whether it works or
# not. Rows of an account whose books are not open are left out: its amounts are unknown.
_FUNDS = """
SELECT coalesce(a.total, 0), coalesce(sum(c.claim), 0), count(c.claim)
FROM ledger_desk d
LEFT JOIN ledger_assetbalance a ON a.account_id = d.account_id AND a.asset = %(asset)s
LEFT JOIN LATERAL (
    SELECT CASE WHEN b.quote = %(asset)s
        THEN greatest(0, b.capital + coalesce(t.total, 0)) ELSE greatest(0, t.total) END AS claim
    FROM bots_bot b
    LEFT JOIN ledger_botbalance t ON t.bot_id = b.id AND t.asset = %(asset)s
    WHERE b.account_id = d.account_id AND b.deleted_at IS NULL AND b.kind = 'trading'
        AND b.id IS DISTINCT FROM %(but)s
        AND CASE WHEN b.quote = %(asset)s
            THEN b.desired_status <> 'STOPPED' OR b.observed_status <> 'STOPPED'
            ELSE t.total > 0 END
) c ON true
WHERE d.account_id = %(account)s AND d.opened_at IS NOT NULL
GROUP BY a.total
"""


class LedgerBooks:
    """`apps.bots.books.Books`."""

    def funds(self, *, account_id: UUID, asset: str, but: UUID | None) -> Funds | None:
        rows = fetch(_FUNDS, {"account": account_id, "asset": asset, "but": but})
        return Funds(*rows[0]) if rows else None

    def open_positions(self, *, bot_id: UUID) -> int:
        rows = fetch(
            "SELECT count(*) FROM ledger_position WHERE bot_id = %s AND status <> 'closed'"
            " AND quantity > 0",
            [bot_id],
        )
        return int(rows[0][0])
