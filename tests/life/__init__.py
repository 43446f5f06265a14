"""The whole life of appointments as a state machine: whatever people, countries and time do, the rules hold."""
