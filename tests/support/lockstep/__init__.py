"""A fleet of real processes and a simulated exchange, moved price by price."""
