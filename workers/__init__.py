"""The imperative shell: loops, leases, Redis and Celery tasks."""
