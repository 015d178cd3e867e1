"""Makes the trunk file that training starts from out of YOLOX's published checkpoint.

    python -m training.trunk yolox_nano.pth --out yolox-nano.npz

`yolox_nano.pth` is a file of the releases of https://github.com/Megvii-BaseDetection/YOLOX (Apache 2.0, trained on COCO's photos,
whose annotations are CC BY 4.0). It is read as data alone. Each norm is folded into the convolution before it, and the layers are
written in the order in which `encoders/csp_darknet.py` reads them.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

EPSILON = 1e-3  # of YOLOX's norms, which is not PyTorch's own
BOTTLENECKS = (1, 3, 3, 1)  # of the four stages, at the depth of nano and tiny


def _separable(name: str) -> list[str]:
    return [f"{name}.dconv", f"{name}.pconv"]


def _cross_stage(name: str, blocks: int) -> list[str]:
    inner = [part for k in range(blocks) for part in (f"{name}.m.{k}.conv1", *_separable(f"{name}.m.{k}.conv2"))]
    return [f"{name}.conv1", f"{name}.conv2", *inner, f"{name}.conv3"]


def layers() -> Iterator[tuple[str, bool]]:
    """Every convolution by its name in the checkpoint, in the order of the file, and whether a norm follows it."""
    body, neck = "backbone.backbone", "backbone"
    trunk = [f"{body}.stem.conv"]
    for stage, blocks in zip((2, 3, 4, 5), BOTTLENECKS):
        at = f"{body}.dark{stage}"
        pooled = [f"{at}.1.conv1", f"{at}.1.conv2"] if stage == 5 else []
        trunk += [*_separable(f"{at}.0"), *pooled, *_cross_stage(f"{at}.{2 if pooled else 1}", blocks)]
    trunk += [f"{neck}.lateral_conv0", *_cross_stage(f"{neck}.C3_p4", 1)]
    trunk += [f"{neck}.reduce_conv1", *_cross_stage(f"{neck}.C3_p3", 1)]
    trunk += [*_separable(f"{neck}.bu_conv2"), *_cross_stage(f"{neck}.C3_n3", 1)]
    trunk += [*_separable(f"{neck}.bu_conv1"), *_cross_stage(f"{neck}.C3_n4", 1)]
    yield from ((name, True) for name in trunk)
    for level in range(3):
        yield f"head.stems.{level}", True
        for side, predictors in (("cls", ("cls",)), ("reg", ("reg", "obj"))):
            for k in range(2):
                yield from ((name, True) for name in _separable(f"head.{side}_convs.{level}.{k}"))
            yield from ((f"head.{predictor}_preds.{level}", False) for predictor in predictors)


def fold(state: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Weights and biases of all layers, norms folded in."""

    def tensor(name: str) -> torch.Tensor:
        if name not in state:
            raise KeyError(f"There is no {name} in it. Give the checkpoint yolox_nano.pth of YOLOX's releases.")
        return state[name].to(torch.float64)

    arrays = {}
    for name, has_norm in layers():
        if has_norm:
            scale = tensor(f"{name}.bn.weight") / torch.sqrt(tensor(f"{name}.bn.running_var") + EPSILON)
            weight = tensor(f"{name}.conv.weight") * scale.view(-1, 1, 1, 1)
            bias = tensor(f"{name}.bn.bias") - tensor(f"{name}.bn.running_mean") * scale
        else:
            weight, bias = tensor(f"{name}.weight"), tensor(f"{name}.bias")
        arrays[f"{name}.weight"] = weight.to(torch.float32).numpy()
        arrays[f"{name}.bias"] = bias.to(torch.float32).numpy()
    return arrays


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path, help="yolox_nano.pth of YOLOX's releases")
    parser.add_argument("--out", type=Path, required=True, help="the trunk file to write, such as yolox-nano.npz")
    args = parser.parse_args(argv)
    try:
        loaded = torch.load(args.checkpoint, map_location="cpu", weights_only=True)
        arrays = fold(loaded.get("model", loaded))
    except Exception as error:  # a checkpoint may be broken in any way
        print(f"{args.checkpoint}: {error.args[0] if error.args else error}", file=sys.stderr)
        return 1
    np.savez(args.out, **arrays)
    print(f"{args.out}: {len(arrays) // 2} layers, {sum(array.size for array in arrays.values()):,} numbers")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
