"""How tokens of a corpus become raw text and back: the rule of the package `python/`, for training and evaluation alike."""
from mner_qg.detokenise import Offsets, join_tokens, span_to_tokens, tokens_to_span

__all__ = ["Offsets", "join_tokens", "span_to_tokens", "tokens_to_span"]
