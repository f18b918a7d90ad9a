"""Finds out whether an AI supports or exploits the people who keep talking with it, over whole relationships."""
