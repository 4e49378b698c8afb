"""Tests of the shell, without database or network."""
