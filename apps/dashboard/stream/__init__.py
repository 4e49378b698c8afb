"""How changes travel from worker processes to open pages."""
