"""Scheduling turns an eligible case into an appointment that takes place.

Owns: sites, officers' desks, interpreters, arrival windows, opening rules, closures, slots, claims, offers, appointments.
Consumes: intake.cases, intake.programmes.
Publishes: scheduling.cases, scheduling.sites.
Pages: none yet (the portal at `/` and the staff's pages at `/staff` come later).
"""
