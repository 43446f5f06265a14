"""Imported before all else by a service's `__main__`: the collector waits until the service is loaded.

What modules make stays, and looking at it again and again took a seventh of the start. `main` lets the collector go on.
"""

import gc

gc.disable()
