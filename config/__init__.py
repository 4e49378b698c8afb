"""Wiring: settings, Celery, URLs."""
