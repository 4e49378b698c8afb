"""Tests of the rows that need no database."""
