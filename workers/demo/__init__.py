"""Demo bots on the simulated exchange: what they do, and how many there are."""
