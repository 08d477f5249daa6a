"""The nouns: frozen, typed, without behaviour that needs the outside world."""
