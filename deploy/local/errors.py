"""What keeps Puente from running on this machine, as one sentence a person can act on."""


class LocalError(RuntimeError):
    """Puente cannot run here; the message says why and what to do."""
