"""Proofs that read rows."""
