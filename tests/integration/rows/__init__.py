"""Tests of the rows on a real PostgreSQL."""
