"""What becomes of cases: which place each gets, what is written and published of it. Set-based; the cases are locked before."""
