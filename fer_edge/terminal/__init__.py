"""The terminal: consoles, tables, and what reaches standard error."""
