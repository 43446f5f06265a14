"""Pages of notifications: the development mailbox."""
