"""One module for each subcommand, and what only one of them uses."""
