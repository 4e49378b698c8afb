"""Speaks to exchanges, without Django."""
