"""How far a search's result can be trusted: pure statistics, each with its source."""
