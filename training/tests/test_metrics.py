"""The committed fixtures still say what this code says, and the readings of the data files give the published counts."""
import json
from pathlib import Path

import pytest

from training.data.readers import read_conll
from training.data.detokenise import join_tokens, span_to_tokens, tokens_to_span
from training.metrics import area_under_roc, expected_calibration_error, score_spans, spans_from_tags

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures"
DATA = ROOT.parent / "shared" / "data"
COUNTS = {  # tweets, strict spans, lenient spans
    "twitter2015/train.txt": (4000, 6166, 6352),
    "twitter2015/valid.txt": (1000, 1541, None),
    "twitter2017/train.txt": (3373, 6049, None),
    "twitter2017/valid.txt": (723, 1324, None),
}


def test_metrics_fixture_is_current():
    for case in json.loads((FIXTURES / "metrics.json").read_text(encoding="utf-8")):
        given, expected = case["input"], case["output"]
        strict = [spans_from_tags(tags, "strict") for tags in given["tags"]]
        assert [[list(span) for span in spans] for spans in strict] == expected["strictSpans"]
        predicted = [[tuple(span) for span in spans] for spans in given["predicted"]]
        assert score_spans(strict, predicted, given["types"]) == expected["strict"]
        assert area_under_roc(given["rocScores"], given["rocPositive"]) == expected["auc"]
        assert expected_calibration_error(given["confidences"], given["right"]) == expected["calibration"]


def test_detokenise_fixture_is_current():
    for case in json.loads((FIXTURES / "detokenise.json").read_text(encoding="utf-8")):
        text, offsets = join_tokens(case["tokens"])
        assert text == case["text"]
        assert [list(offset) for offset in offsets] == case["offsets"]
        for token, (start, end) in zip(case["tokens"], offsets):
            assert text[start:end] == token


@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_the_data_files(name):
    if not (DATA / name).exists():
        pytest.skip(f"the data file {name} is not here")
    tweets = read_conll(DATA / name)
    strict = [spans_from_tags(tweet.tags, "strict") for tweet in tweets]
    tweet_count, strict_count, lenient_count = COUNTS[name]
    assert (len(tweets), sum(map(len, strict))) == (tweet_count, strict_count)
    if lenient_count is not None:
        assert sum(len(spans_from_tags(tweet.tags, "lenient")) for tweet in tweets) == lenient_count
    # Every gold span survives the way through the joined text.
    for tweet, spans in zip(tweets, strict):
        text, offsets = join_tokens(tweet.tokens)
        for start, end, _ in spans:
            assert span_to_tokens(tweet.tokens, offsets, *tokens_to_span(offsets, start, end - 1)) == (start, end - 1)
