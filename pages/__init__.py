"""One screen each: a page only defines ``render``; the shell hands it to the navigation."""
