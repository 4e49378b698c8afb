"""Commands of the research app."""
