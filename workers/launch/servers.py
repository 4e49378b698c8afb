"""The embedded servers, under one name for those who only want to start them."""

from workers.launch.postgres import EmbeddedPostgres
from workers.launch.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedValkey"]
