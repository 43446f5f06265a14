"""Notifications tells households what is true for them now, in their language, and records what became of it.

Owns: notices (what is to be said, what was said, what could not be, when to remind). Never contacts: it asks intake when it sends.
Consumes: scheduling.cases, scheduling.sites, intake.programmes.
Publishes: notifications.notices.
Asked by scheduling: POST /internal/codes, a one-time code for the portal, sent at once and kept nowhere.
Pages: /mailbox, only beside a development mail server.
"""
