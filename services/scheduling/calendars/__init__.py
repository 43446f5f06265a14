"""Opening rules become slots, and newer zone data moves them."""
