"""What a person has to have seen before a form is saved: findings of the pre-flight check."""

import hashlib
from uuid import UUID

from apps.bots.findings import Looked, look_at_bot
from apps.bots.models import Bot
from apps.trading.preflight import Level

# The form's hidden field: which findings its page has shown already.
SEEN = "findings_seen"
_OPENINGS = {Level.ERROR: "Error", Level.WARNING: "Warning", Level.NOTE: "Note"}


class Unseen(Exception):
    """Findings that the person has not been shown; `mark` says that they have been, from now on."""

    def __init__(self, looked: Looked, mark: str) -> None:
        super().__init__(mark)
        self.looked, self.mark = looked, mark

    @property
    def sentences(self) -> list[str]:
        """Errors and warnings in words, and what saving them all the same means."""
        shown = [f"{_OPENINGS[item.level]}: {item.in_words()}" for item in self.looked.striking]
        start = "" if self.looked.passed else " The bot does not start while there is an error."
        return [*shown, f"Nothing was saved. Save once more to keep it all the same.{start}"]


def refuse_unseen(bot: Bot, *, before: UUID | None, seen: str) -> None:
    """Unseen when a new configuration has errors or warnings that were not shown yet.

    `before`: the configuration that was there.
    """
    row = Bot.objects.select_related("config", "market").get(pk=bot.pk)
    looked = None if row.config_id == before else look_at_bot(bot=row)
    if looked is None or not looked.striking:
        return
    # Figures move with the price: which fields are found fault with is what was seen.
    kinds = sorted(f"{item.level} {item.field}" for item in looked.striking)
    mark = hashlib.sha256("\n".join(kinds).encode()).hexdigest()
    if mark != seen:
        raise Unseen(looked, mark)
