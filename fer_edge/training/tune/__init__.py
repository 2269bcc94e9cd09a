"""Search for the best values of a recipe's parts."""
