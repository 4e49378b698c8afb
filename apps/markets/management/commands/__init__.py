"""What is run as `manage.py NAME`: bots and their books."""
