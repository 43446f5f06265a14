"""Puente on one machine without Docker: PostgreSQL, Kafka, a mail server, the services and the simulators as children.

`stack.Stack` starts, watches and stops them; `puente run` and the tests use the same one.
"""
