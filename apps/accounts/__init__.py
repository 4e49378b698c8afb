"""Users, exchange accounts and their wrapped keys."""
