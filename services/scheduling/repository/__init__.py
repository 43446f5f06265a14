"""Scheduling's SQL, set-based: one round trip for many cases. Locks are taken in one order: cases, then slots, sorted."""
