"""Intake receives the eligibility results of three countries, judges each, and keeps the cases and the people in them.

Owns: documents as they came, receipts, known revisions, cases with people and contacts (encrypted; what households
say of theirs comes before what their country says), programmes, and what each country's system was told of its cases.
Consumes: scheduling.cases, scheduling.sites.
Publishes: intake.cases, intake.programmes.
Asks: scheduling whom the end of a programme concerns and to end sessions of a case, notifications for mail to new addresses.
Pages: none.
"""
