"""Messages on their way: what is due is claimed, addressed, written and handed over, and each end is recorded."""
