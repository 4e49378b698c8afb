"""Tests of the admin pages and the REST API on a real database."""
