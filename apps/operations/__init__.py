"""System state and worker processes."""
