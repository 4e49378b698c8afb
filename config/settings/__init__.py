"""Django settings, one module per way to run."""
