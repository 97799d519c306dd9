"""Networks of others, as the files that they come in: looked into, given a card, tried, and added to the weights."""
