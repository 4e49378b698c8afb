"""Tests of the launcher that start nothing."""
