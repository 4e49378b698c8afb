"""Stored bars: fetched, imported, exported, checked."""
