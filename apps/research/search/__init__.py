"""Search: which values of a strategy and its plan did best, and how far that can be trusted."""
