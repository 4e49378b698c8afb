"""The pure core: what is true about trading."""
