"""Application registration."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "apps.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: models are not loaded before.
        from apps.bots.books import keep_books
        from apps.ledger.assigned import LedgerBooks

        keep_books(LedgerBooks())
