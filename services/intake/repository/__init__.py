"""Intake's queries."""
