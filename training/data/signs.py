"""Rendered signs: lettering and logo-like marks set over photos or plain grounds, with their boxes. COCO teaches neither."""
from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path

import numpy as np

FONT_FOLDERS = ("/usr/share/fonts/truetype",)
NOUNS = ("night city summer world love music power gold star fire river dream road heart king queen sport news future storm light home game "
         "tour live show summit week festival awards open cup final league report daily group bank media studio labs works union party club").split()
VERBS = "rise run win vote join see meet save come make stand play sing fight believe remember stay go keep".split()


@lru_cache(maxsize=1)
def fonts() -> list[str]:
    found = [str(p) for folder in FONT_FOLDERS for p in sorted(Path(folder).rglob("*.ttf"))]
    if not found:
        raise FileNotFoundError(f"no fonts under {', '.join(FONT_FOLDERS)}: install a package of TrueType fonts")
    return found


def words(rng: random.Random, least: int, most: int) -> str:
    count = rng.randint(least, most)
    text = " ".join(rng.choice(NOUNS if rng.random() < 0.75 else VERBS) for _ in range(count))
    if rng.random() < 0.2:
        text += f" {rng.randint(1, 2030)}"
    return {0: text.upper(), 1: text.title(), 2: text.capitalize()}[rng.choice((0, 0, 1, 1, 2))]


def write(draw, text: str, font, at: tuple[int, int], colour, outline=None) -> list[float]:
    draw.text(at, text, font=font, fill=colour, stroke_width=2 if outline else 0, stroke_fill=outline)
    return list(draw.textbbox(at, text, font=font, stroke_width=2 if outline else 0))


def around(boxes: list[list[float]]) -> list[float]:
    return [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]


def colour(rng: random.Random, dark: bool) -> tuple[int, int, int]:
    return tuple(rng.randint(0, 90) if dark else rng.randint(165, 255) for _ in range(3))


def block(draw, rng: random.Random, area, lines: int, size: int, fill, outline=None) -> list[float]:
    """Some lines under each other within `area` (x0, y0, x1, y1); gives the box round them."""
    from PIL import ImageFont

    font_name, boxes = rng.choice(fonts()), []
    centred = rng.random() < 0.6
    y = area[1]
    for _ in range(lines):
        text, font = words(rng, 1, 4), ImageFont.truetype(font_name, size)
        while font.getlength(text) > area[2] - area[0] and len(text) > 3:
            if " " in text:
                text = text.rsplit(" ", 1)[0]
            else:
                font = ImageFont.truetype(font_name, max(8, int(font.size * (area[2] - area[0]) / font.getlength(text) * 0.98)))
                break
        x = area[0] + (area[2] - area[0] - font.getlength(text)) / 2 if centred else area[0]
        boxes.append(write(draw, text, font, (int(x), int(y)), fill, outline))
        y = boxes[-1][3] + size * 0.2
    return around(boxes)


def poster(photo: np.ndarray | None, rng: random.Random) -> tuple[np.ndarray, list[float]]:
    """A poster, title card or meme: large lettering over a photo or a plain ground. Gives the picture and the box of its lettering."""
    from PIL import Image, ImageDraw

    if photo is not None and rng.random() < 0.7:
        image = Image.fromarray(photo).convert("RGB")
        image = image.point(lambda v, f=rng.uniform(0.35, 1.0): int(v * f))
        over = True
    else:
        w, h = rng.choice(((320, 320), (320, 240), (240, 320), (320, 180)))
        a, b = np.array(colour(rng, rng.random() < 0.5)), np.array(colour(rng, rng.random() < 0.5))
        ramp = np.linspace(0, 1, h)[:, None, None] * (b - a) + a
        image = Image.fromarray(np.broadcast_to(ramp, (h, w, 3)).astype(np.uint8))
        over = False
    draw, (w, h) = ImageDraw.Draw(image), image.size
    lines, size = rng.randint(1, 3), int(min(w, h) * rng.uniform(0.07, 0.2))
    tall = int(lines * size * 1.3)
    x = int(w * rng.uniform(0.03, 0.2))
    y = rng.choice((int(h * 0.05), max(0, (h - tall) // 2), max(0, int(h * 0.93) - tall)))
    light = over or np.asarray(image).mean() < 128
    fill = rng.choice(((255, 255, 255), (255, 230, 80), colour(rng, False))) if light else colour(rng, True)
    box = block(draw, rng, (x, y, int(w * rng.uniform(0.8, 0.97)), h), lines, size, fill, (0, 0, 0) if over else None)
    if rng.random() < 0.4:
        block(draw, rng, (x, min(h - 14, int(box[3] + 8)), int(w * 0.9), h), 1, max(9, size // 3), fill)
    return np.asarray(image), [max(0, box[0]), max(0, box[1]), min(w, box[2]), min(h, box[3])]


def mark(photo: np.ndarray, rng: random.Random) -> tuple[np.ndarray, list[float]]:
    """A sign as a firm has one (a word on a plate, with or without a simple device beside it), set into a photo."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(photo).convert("RGB")
    w, h = image.size
    high = int(min(w, h) * rng.uniform(0.08, 0.28))
    font = ImageFont.truetype(rng.choice(fonts()), max(8, int(high * 0.6)))
    text = "".join(rng.choice("bcdfglmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3))) + rng.choice(("", "x", "n", "r", "co"))
    text = rng.choice((text.upper(), text.title(), text))
    device = rng.random() < 0.6
    wide = int(font.getlength(text) + high * (1.5 if device else 0.6))
    if wide > w * 0.9:
        text, wide = text[:3], int(font.getlength(text[:3]) + high * (1.5 if device else 0.6))
    sign = Image.new("RGB", (wide, high), colour(rng, rng.random() < 0.5))
    draw = ImageDraw.Draw(sign)
    ink = colour(rng, np.asarray(sign).mean() > 128)
    x = int(high * 0.3)
    if device:
        inside = (high * 0.15, high * 0.15, high * 0.85, high * 0.85)
        tint = colour(rng, rng.random() < 0.5)
        rng.choice((lambda: draw.ellipse(inside, fill=tint), lambda: draw.rectangle(inside, fill=tint), lambda: draw.pieslice(inside, 30, 300, fill=tint),
                    lambda: draw.regular_polygon((high / 2, high / 2, high * 0.38), rng.randint(3, 7), fill=tint)))()
        x = high
    draw.text((x, high * 0.12), text, font=font, fill=ink)
    left, top = rng.randint(0, max(0, w - wide)), rng.randint(0, max(0, h - high))
    image.paste(sign, (left, top))
    return np.asarray(image), [left, top, min(w, left + wide), min(h, top + high)]
