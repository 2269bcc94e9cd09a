"""Model cards: facts about a model, kept inside its file, and what follows from them."""
