"""While tests are collected the garbage collector waits: tests/conftest.py lets it go on."""

import gc

gc.disable()
