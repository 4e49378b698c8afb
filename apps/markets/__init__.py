"""Instruments and candle blocks."""
