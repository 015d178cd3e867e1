"""Joins the tokens of a CoNLL tweet into raw text, and maps spans of that text back to tokens.

The product reads raw text, while the corpora come already split ("@ USA", "It ' s", "@name _ :"). Training and evaluation
must agree on how such tokens become text, so the rule lives here once and once more in `src/corpus/detokenise.ts`;
`test/fixtures/detokenise.json` holds both to the same answers.

The rule: one space between tokens, but none
  1. before a token made of  . , ! ? ; : …  only, and before  % ) ] } ” _ (the underscore only inside a handle or tag);
  2. after  ( [ { “ ‘ $ ;
  3. after a lone # or @ that a word follows;
  4. around a lone apostrophe that carries a clitic ("It ' s", "can ’ t"), between O ' and a capital ("O ' Hare"), and before a
     clitic token ("'s", "n't");
  5. after a double or single quote that opens, before one that closes (a quote opens when a partner follows it);
  6. after an underscore inside a handle or tag, when a word follows ("@OU _ Football");
  7. between two numbers and the : / or - between them ("7 : 30pm", "20 / 20"), and before st nd rd th after a number;
  8. before what only modifies the sign before it: combining marks, variation selectors, skin tones, joiners (also after
     these), and between the two letters of a flag;
  9. within a link that was cut into  https : //host . rest .
A link keeps a space on both sides, whatever stands next to it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Optional, Sequence

Offsets = list[tuple[int, int]]

CLITICS = {"s", "t", "m", "d", "re", "ve", "ll", "all"}
CLITIC_TOKENS = {"n't", "n’t"} | {mark + tail for mark in "'’" for tail in CLITICS}
APOSTROPHES = {"'", "’"}
CLOSING = re.compile(r"[.,!?;:…]+|[%)\]}”]")
OPENING = {"(", "[", "{", "“", "‘", "$"}
ORDINALS = {"st", "nd", "rd", "th"}
BETWEEN_NUMBERS = {":", "/", "-"}
JOINER = "\u200d"
LINK = re.compile(r"(?:https?://|www\.).", re.IGNORECASE | re.DOTALL)


def _is_word_character(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LN"


def _starts_word(token: str) -> bool:
    return _is_word_character(token[0])


def _ends_word(token: str) -> bool:
    return _is_word_character(token[-1])


def _starts_number(token: str) -> bool:
    return "0" <= token[0] <= "9"


def _ends_number(token: str) -> bool:
    return "0" <= token[-1] <= "9"


def _is_flag_letter(token: str) -> bool:
    return len(token) == 1 and 0x1F1E6 <= ord(token) <= 0x1F1FF


def _modifies_previous(token: str) -> bool:
    point = ord(token[0])
    return token[0] == JOINER or 0x1F3FB <= point <= 0x1F3FF or unicodedata.category(token[0])[0] == "M"


def _apostrophe_joins(tokens: Sequence[str], index: int) -> bool:
    """A lone apostrophe inside one word: it carries a clitic, or stands in a name such as O'Hare."""
    if tokens[index] not in APOSTROPHES or index == 0 or index + 1 == len(tokens):
        return False
    before, after = tokens[index - 1], tokens[index + 1]
    if after.lower() in CLITICS:
        return _ends_word(before)
    return before in ("O", "o") and after[0].lower() != after[0]


def _quotes(tokens: Sequence[str]) -> dict[int, str]:
    """Says of every straight quote whether it opens or closes; one without a partner closes after a word, else opens."""
    roles: dict[int, str] = {}
    for mark in ("'", '"'):
        places = [i for i, token in enumerate(tokens) if token == mark and not _apostrophe_joins(tokens, i)]
        is_open = False
        for order, place in enumerate(places):
            if is_open:
                roles[place], is_open = "close", False
            elif order + 1 < len(places):
                roles[place], is_open = "open", True
            else:
                roles[place] = "close" if place > 0 and _ends_word(tokens[place - 1]) else "open"
    return roles


def _continues_link(tokens: Sequence[str], index: int) -> bool:
    """The //host or the rest in  https : //host . rest ; what stands between is glued as closing punctuation."""
    if index < 2:
        return False
    if tokens[index].startswith("//"):
        return tokens[index - 1] == ":" and tokens[index - 2].lower() in ("http", "https")
    return tokens[index - 1] == "." and index >= 4 and _continues_link(tokens, index - 2)


def join_tokens(tokens: Sequence[str]) -> tuple[str, Offsets]:
    """The raw text, and for each token its [start, end) in code points of that text."""
    quotes = _quotes(tokens)
    text = ""
    offsets: Offsets = []
    in_handle = False  # the token before belongs to a handle or tag, so an underscore goes on with it
    flag_open = False  # the token before is the first letter of a flag
    for index, token in enumerate(tokens):
        glued = False
        if index > 0:
            before = tokens[index - 1]
            after = tokens[index + 1] if index + 1 < len(tokens) else ""
            if LINK.match(before) or LINK.match(token):
                glued = False
            elif CLOSING.fullmatch(token):
                glued = True
            elif before in OPENING:
                glued = True
            elif before in ("#", "@") and _starts_word(token):
                glued = True
            elif _apostrophe_joins(tokens, index) or _apostrophe_joins(tokens, index - 1):
                glued = True
            elif token.lower() in CLITIC_TOKENS:
                glued = _ends_word(before)
            elif quotes.get(index) == "close" or quotes.get(index - 1) == "open":
                glued = True
            elif token == "’":
                glued = _ends_word(before)
            elif token == "_":
                glued = in_handle
            elif before == "_" and in_handle and _starts_word(token):
                glued = True
            elif _continues_link(tokens, index):
                glued = True
            elif token in ORDINALS:
                glued = _ends_number(before)
            elif token in BETWEEN_NUMBERS:
                glued = _ends_number(before) and after != "" and _starts_number(after)
            elif before in BETWEEN_NUMBERS and index >= 2 and _starts_number(token):
                glued = _ends_number(tokens[index - 2])
            elif _modifies_previous(token) or before[-1] == JOINER:
                glued = True
            elif _is_flag_letter(token):
                glued = flag_open
        flag_open = _is_flag_letter(token) and not (glued and flag_open)
        in_handle = token[0] in "#@" or (in_handle and glued and _starts_word(token))
        if index > 0 and not glued:
            text += " "
        offsets.append((len(text), len(text) + len(token)))
        text += token
    return text, offsets


def span_to_tokens(tokens: Sequence[str], offsets: Offsets, start: int, end: int) -> Optional[tuple[int, int]]:
    """The first and last token that a span of the joined text overlaps, or None.

    The corpora leave the sign out of "# NBA" and the clitic out of "LeBron ' ll", while the product takes whole words:
    signs at the front and clitics at the back are therefore not counted when other tokens remain. ('s stays: it is a word of its
    own, so whoever predicts it means it.)
    """
    touched = [i for i, (a, b) in enumerate(offsets) if max(a, start) < min(b, end)]
    if not touched:
        return None
    first, last = touched[0], touched[-1]
    while first < last and tokens[first] in ("#", "@"):
        first += 1
    while last > first:
        token = tokens[last].lower()
        if last - 1 > first and token in CLITICS and token != "s" and _apostrophe_joins(tokens, last - 1):
            last -= 2
        elif token in CLITIC_TOKENS and not token.endswith("s"):
            last -= 1
        else:
            break
    return first, last


def tokens_to_span(offsets: Offsets, first: int, last: int) -> tuple[int, int]:
    """Where the tokens first..last (both included) stand in the joined text."""
    return offsets[first][0], offsets[last][1]
