"""Bars as files and as columns, without a database."""
