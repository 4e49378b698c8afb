"""Flotilla's packages, from the pure core (`trading`) to the pages."""
