"""Scheduling turns an eligible case into an appointment that takes place.

Owns: sites, officers' desks, interpreters, arrival windows, opening rules, closures, slots, claims, offers, appointments, referrals,
standby lists, answers to requests with a key.
Consumes: intake.cases, intake.programmes.
Publishes: scheduling.cases, scheduling.sites.
Pages: the portal at `/`, as yet what anyone may read (the staff's pages at `/staff` come later).
"""
