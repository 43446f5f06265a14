"""What scheduling asks intake, which alone knows people: names, years of birth, contacts."""
