"""From a photo's file to the network's square: upright, over white, in sRGB, resized as Pillow does it (as in training and in the page)."""
from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from .boxes import Letterbox
from .errors import MnerError
from .results import Notice

MOST_BYTES = 100 * 1024 * 1024
MOST_PIXELS = 100_000_000
MOST_SIDE = 30_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP")
_SRGB = ImageCms.createProfile("sRGB")

ImageInput = Union[str, Path, bytes, Image.Image, np.ndarray]


def open_photo(source: ImageInput, notices: Optional[list[Notice]] = None) -> Image.Image:
    """A path, a file's bytes, a Pillow image or an array [height, width, 3 or 4] of bytes, as an opaque upright RGB image. What there is to
    know of it is added to `notices`."""
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim != 3 or source.shape[2] not in (3, 4):
            raise MnerError("image-unreadable", f"The photo's pixels are {source.dtype} {source.shape}. Give bytes, [height, width, 3 or 4].")
        source = Image.fromarray(source)
    if isinstance(source, Image.Image):
        return _over_white(source)
    content = _read(source) if isinstance(source, (str, Path)) else source
    if len(content) > MOST_BYTES:
        raise MnerError("image-too-large", f"The photo's file has {len(content)} bytes; at most {MOST_BYTES} are read. Make it smaller.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below, and an error
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise MnerError("image-too-large", f"The photo is too large: {error}. Make it smaller first.") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise MnerError("image-unsupported", "The file is not a photo that can be read. Save it as JPEG, PNG, WebP, AVIF, GIF or BMP.") from error
    _check_size(*image.size)
    if notices is not None and getattr(image, "is_animated", False):
        notices.append(Notice("image-animated", "The photo is an animation; only its first picture is looked at."))
    try:
        image.load()
        # WebP stays as it is stored, as in browsers.
        upright = image if image.format == "WEBP" else ImageOps.exif_transpose(image)
        return _over_white(_to_srgb(upright, image.info.get("icc_profile")))
    except MnerError:
        raise
    except MemoryError as error:
        raise MnerError("out-of-memory", "There is not enough memory for the photo's pixels. Use a smaller photo.") from error
    except Exception as error:  # decoders raise whatever they like
        code = "image-truncated" if "truncated" in str(error) else "image-unreadable"
        raise MnerError(code, f"The photo cannot be read: {error}. Save it anew.") from error


def _read(path: str | Path) -> bytes:
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise MnerError("image-too-large", f"{path} has {Path(path).stat().st_size} bytes; at most {MOST_BYTES} are read. Make it smaller.")
        return Path(path).read_bytes()
    except OSError as error:
        raise MnerError("image-unreadable", f"{path} cannot be read. Check the file and its permissions.") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise MnerError("image-too-large", f"The photo is {width} × {height} pixels, more than is safe to open ({MOST_PIXELS // 10**6} megapixels, "
                        f"{MOST_SIDE} on a side). Make it smaller first.")


def _to_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Out of the colours that an embedded profile describes, as browsers do it. A profile that cannot be used is left aside."""
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(own):
            return image
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        colours = image.convert("RGB") if alpha is not None else image
        changed = ImageCms.profileToProfile(colours, own, _SRGB, outputMode="RGB")
        if changed is None:
            return image
        if alpha is not None:
            changed.putalpha(alpha)
        return changed
    except (ImageCms.PyCMSError, OSError):
        return image


def _over_white(image: Image.Image) -> Image.Image:
    """Transparency has no meaning for the network, and white is what pages show."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    pixels = np.asarray(image.convert("RGBA")).astype(np.uint32)
    alpha = pixels[..., 3:]
    mixed = (2 * (pixels[..., :3] * alpha + 255 * (255 - alpha)) + 255) // 510  # rounded, halves up
    return Image.fromarray(mixed.astype(np.uint8))


def letterbox(image: Image.Image, config: dict[str, Any]) -> tuple[np.ndarray, Letterbox]:
    """The network's input [3, size, size], colours normalised per channel, zeros where there is no photo."""
    size = config["image"]["size"]
    box = Letterbox.fit(image.width, image.height, size)
    small = np.asarray(image.resize((box.scaled_width, box.scaled_height), Image.Resampling.BILINEAR), np.float32) / 255
    mean, std = (np.asarray(config["image"][name], np.float32) for name in ("mean", "std"))
    square = np.zeros((3, size, size), np.float32)
    square[:, box.top : box.top + box.scaled_height, box.left : box.left + box.scaled_width] = ((small - mean) / std).transpose(2, 0, 1)
    # Mean and deviation stand in the order red, green, blue whatever the encoder wants.
    return (np.ascontiguousarray(square[::-1]) if config["image"].get("colours") == "bgr" else square), box
