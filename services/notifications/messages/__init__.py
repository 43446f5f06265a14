"""Turns a notice into an e-mail in the household's language: words from the catalogues, dates from the presenter."""
