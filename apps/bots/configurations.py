"""Which of a bot's configurations a shift has to follow."""

from uuid import UUID

from apps.bots.models import BotConfiguration


def versions_to_follow(*, bot_id: UUID, after: int) -> list[BotConfiguration]:
    """Versions after one: those that move open positions too, and the newest; oldest first.

    Others were replaced before they could bear on anything.
    """
    newer = list(BotConfiguration.objects.filter(bot_id=bot_id, version__gt=after))
    newer.sort(key=lambda row: row.version)
    return [row for row in newer if row.apply_to_open or row is newer[-1]]
