"""The live pages: the fleet, and one bot. Reads and forms only; no tables of its own."""
