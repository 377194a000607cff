"""One case per ruling, hand-written rows with hand-computed answers."""
