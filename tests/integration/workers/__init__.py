"""Tests of the shell on the real servers."""
