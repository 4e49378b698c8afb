"""The journal of every bot, and the rows projected from it."""
