"""Intake over HTTP: documents of the three countries, cases and programmes for operations, questions of the other services."""
