"""The ways a notice leaves us: one module and one function `send(message)` each."""
