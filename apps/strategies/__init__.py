"""One file per strategy; sees only apps.trading."""
