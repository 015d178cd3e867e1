"""The same four questions per tweet, as one writes it with transformers and PyTorch: pairs tokenised by the library, batches of 32
tweets, a BERT of the shipped model's size, span and existence heads. The weights are random: only the time is wanted.

    python bench/cluster/transformers_job.py tweets.jsonl public/models/mner-qg-mini
"""
import json
import resource
import sys
import time
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

torch.set_num_threads(1)
manifest = json.loads((Path(sys.argv[2]) / "manifest.json").read_text())
text = manifest["config"]["text"]
tokenizer = BertTokenizerFast(vocab_file=str(Path(sys.argv[2]) / "vocab.txt"))
config = BertConfig(vocab_size=text["vocabulary"], hidden_size=text["width"], num_hidden_layers=text["layers"], num_attention_heads=text["heads"],
                    intermediate_size=text["feedForward"])
model, heads = BertModel(config, add_pooling_layer=False).eval(), torch.nn.Linear(text["width"], 3)
texts = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")]
queries = [query["query"] for query in manifest["queries"]]


@torch.inference_mode()
def run(some):
    pairs = tokenizer([query for _ in some for query in queries], [one for one in some for _ in queries], padding=True, truncation="only_second",
                      max_length=manifest["config"]["maxPieces"], return_tensors="pt")
    return heads(model(**pairs).last_hidden_state).numpy()


run(texts[:8])
begun, used = time.perf_counter(), time.process_time()
for first in range(0, len(texts), 32):
    run(texts[first : first + 32])
print(json.dumps({"cpu": time.process_time() - used, "wall": time.perf_counter() - begun, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
