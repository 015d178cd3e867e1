"""What all tests share. One thread is faster than several for networks this small, and far faster on a busy machine."""
import pytest
import torch

from training.data.text import TextReader

torch.set_num_threads(1)
WORDS = "eileen collins nasa joined in paris london acme corp the a of and visits today moon prize wins city ##s person location name names people".split()


@pytest.fixture(scope="session")
def reader(tmp_path_factory):
    """A small vocabulary of our own: special tokens, letters, a few words."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "http", *WORDS]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789@#:,.!?'&-"
    tokens += [*letters, *(f"##{c}" for c in letters)]
    path = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    path.write_text("\n".join(tokens) + "\n")
    return TextReader(path)
