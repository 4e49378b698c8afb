"""Tells people what bots do: sentences from committed events, kept until they are written."""
