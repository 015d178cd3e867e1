"""Golden vectors: inputs and the outputs at every module boundary, which the TypeScript network must reproduce.

    python -m training.golden --out test/fixtures          # tiny random networks of both shapes, small enough to commit
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from .config import Config, PRESETS
from .network.model import MnerQg


def randomise(model: nn.Module, seed: int) -> None:
    """Random everything, also what starts at zero or one, so that no part of the network can be left out unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda t, scale: torch.randn(t.shape, generator=generator) * scale
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype == torch.int64:
                continue
            if name.endswith("running_var"):
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
            elif name.endswith("norm.weight"):
                value.copy_(1 + normal(value, 0.2))
            elif value.dim() > 1:
                fan_in = value[0].numel()
                value.copy_(normal(value, (1.5 / fan_in) ** 0.5))
            else:
                value.copy_(normal(value, 0.1))


@torch.no_grad()
def golden_vectors(model: MnerQg, ids, segments, shapes, mask, pixels) -> dict[str, torch.Tensor]:
    """Runs the network part by part on one photo and T sequences; the whole must equal the parts."""
    model.eval()
    out = {"input.ids": ids, "input.segments": segments, "input.shapes": shapes, "input.mask": mask,
           "input.pixels": pixels.permute(0, 2, 3, 1)}
    hidden = model.text_encoder(ids, segments, shapes, mask)
    out["text_encoder"] = hidden
    features = model.image_encoder(pixels)
    photos = model.prepare_photos(features)
    maps = photos.maps
    count = len(ids)
    photo = torch.zeros(count, dtype=torch.long)
    query = (segments == 0) & mask.bool()
    place = torch.arange(ids.shape[1])[None]
    q = model.query_vector(hidden, query & (place > 0) & (place < query.sum(-1, keepdim=True) - 1))
    conditioned = model.cross_modality.see(maps, q, photo)
    for k in range(3):
        # Channels last, as the browser has them.
        out[f"image_encoder.{k}"] = features[k].permute(0, 2, 3, 1)
        out[f"common_width.{k}"] = maps[k].permute(0, 2, 3, 1)
        out[f"conditioned.{k}"] = conditioned[k].permute(0, 2, 3, 1)
    seen, relevance = model.cross_modality.read(hidden, conditioned, mask)
    candidates, none = model.grounding_head(conditioned, maps, photos.objects, q, photo)
    aware = model.existence(seen)
    start, end = model.span_head(aware).unbind(-1)
    existence = model.existence_head(aware[:, 0]).squeeze(-1)
    out |= {"query_vector": q, "cross_modality": seen, "relevance": relevance, "existence": aware, "output.start": start,
            "output.end": end, "output.existence": existence, "output.candidates": candidates, "output.none": none}
    whole = model(ids, segments, shapes, mask, photos, photo)
    for name, value in (("start", start), ("existence", existence), ("candidates", candidates), ("none", none)):
        torch.testing.assert_close(getattr(whole, name), value, rtol=1e-4, atol=1e-5)
    text_only = model(ids, segments, shapes, mask)
    out |= {"text_only.start": text_only.start, "text_only.end": text_only.end, "text_only.existence": text_only.existence}
    return {name: value.contiguous().clone() for name, value in out.items()}


def random_input(config: Config, seed: int, sequences: int = 4, length: int = 24):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, min(900, config.text.vocabulary), (sequences, length), generator=generator)
    segments, mask, shapes = torch.zeros_like(ids), torch.ones_like(ids), torch.zeros_like(ids)
    for row in range(sequences):
        query_end, end = 6 + row, length - 2 * row
        segments[row, query_end:end] = 1
        mask[row, end:] = 0
        ids[row, end:] = 0
        shapes[row, query_end : end - 1] = torch.randint(0, config.text.shapes, (end - 1 - query_end,), generator=generator)
    pixels = torch.randn(1, 3, config.image.size, config.image.size, generator=generator)
    return ids, segments, shapes, mask, pixels


def save(folder: Path, model: MnerQg, vectors: dict[str, torch.Tensor], with_weights: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    as_saved = lambda v: v.to(torch.int32) if v.dtype == torch.int64 else v.float()
    (folder / "config.json").write_text(model.config.to_json())
    save_file({k: as_saved(v) for k, v in vectors.items()}, folder / "golden.safetensors")
    if with_weights:
        weights = {k: v.contiguous() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
        save_file(weights, folder / "model.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    for preset in ("tiny", "tiny-base"):
        config = PRESETS[preset]()
        model = MnerQg(config, dropout=0.0)
        randomise(model, 7)
        save(Path(args.out) / f"golden-{config.size}", model, golden_vectors(model, *random_input(config, 11)), with_weights=True)
        print(f"golden-{config.size}: {json.dumps(sum(p.numel() for p in model.parameters()))} parameters")


if __name__ == "__main__":
    main()
