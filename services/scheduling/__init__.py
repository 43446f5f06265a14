"""Scheduling turns an eligible case into an appointment that takes place.

Owns: sites, officers' desks, interpreters, arrival windows, opening rules, closures, slots, claims, offers, appointments, referrals,
standby lists, what households ask for themselves and requests to sites to arrange it, who they say comes, answers to requests with a key, codes, PINs and sessions by which households come to their pages, consents to be helped, keys that sign their letters.
Consumes: intake.cases, intake.programmes.
Publishes: scheduling.cases, scheduling.sites.
Asks: intake for names at check-in, notifications to send a household its one-time code.
Pages: the portal at `/`: what anyone may read, and each household's own case (the staff's pages at `/staff` come later).
"""
