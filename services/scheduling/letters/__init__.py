"""Letters that anyone can check offline."""
