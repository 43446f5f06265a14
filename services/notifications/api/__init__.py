"""Notifications over HTTP: what went out, and codes that the other services have sent at once."""
