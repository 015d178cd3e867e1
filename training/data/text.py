"""Words, pieces and shapes, as the package `python/` cuts them: what the network learns from and what it is asked about are the same."""
from mner_qg.text import Encoded, Piece, TextReader, find_words, word_shape

__all__ = ["Encoded", "Piece", "TextReader", "find_words", "word_shape"]
