"""What is run as `manage.py NAME`: backtests."""
