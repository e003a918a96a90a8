"""How buyers get in: grants and their codes, signed links, downloads counted, guesses locked out."""
