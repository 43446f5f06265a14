"""Notifications tells households what is true for them now, in their language, and records what became of it.

Owns: notices (what is to be said, what was said, what could not be). Never contacts: it asks intake when it sends.
Consumes: scheduling.cases, scheduling.sites, intake.programmes.
Publishes: notifications.notices.
Pages: /mailbox, only beside a development mail server.
"""
