"""Proofs that the fleet's books are right, against the exchange's own."""
