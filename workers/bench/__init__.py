"""Benches of the fleet: real processes, measured against the targets."""
