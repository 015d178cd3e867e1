// Boxes over the photo. A photo is neither light nor dark, so its overlay always takes the light scheme's strong inks, with
// a dark and a white contour that read on anything.

const css = String.raw;

export const photoStyles = css`
  .frame {
    position: relative;
    inline-size: fit-content;
    max-inline-size: 100%;
    overflow: hidden;
    border-radius: var(--_radius);
    background: var(--_wash);
    line-height: 0;
  }
  img,
  .frame > canvas {
    display: block;
    /* Set by the size that the results tell, so that the place is kept before the first byte of the photo has come. */
    inline-size: min(var(--photo-width), var(--mner-qg-photo-max-height, 80vh) * var(--photo-ratio));
    block-size: auto;
    max-inline-size: 100%;
    max-block-size: var(--mner-qg-photo-max-height, 80vh);
    aspect-ratio: var(--mner-qg-photo-ratio, var(--photo-ratio, auto));
    object-fit: contain;
  }
  .failed {
    inline-size: auto;
    padding: 1.5rem 1rem;
    line-height: 1.4;
    font-size: 0.875em;
    color: var(--_muted);
  }
  .failed p {
    margin: 0;
  }
  .overlay {
    position: absolute;
    inset: 0;
    color-scheme: light;
    pointer-events: none;
  }
  .overlay > svg,
  .veil {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
    overflow: visible;
  }
  .veil {
    image-rendering: auto;
  }
  .box {
    pointer-events: all;
    cursor: pointer;
    outline: none;
  }
  .box rect {
    fill: none;
    stroke-linejoin: round;
  }
  .box .halo {
    fill: transparent;
    stroke: rgb(0 0 0 / 0.5);
    stroke-width: 5px;
  }
  .box .contour {
    stroke: #fff;
    stroke-width: 3.6px;
  }
  .box .line {
    stroke: var(--c);
    stroke-width: 2.2px;
  }
  .box.double .contour {
    stroke: var(--c);
    stroke-width: 4.2px;
  }
  .box.double .line {
    stroke: #fff;
    stroke-width: 1.4px;
  }
  /* Broken all through, where the type's own pattern only breaks the ink. */
  .box.unsure rect {
    stroke-dasharray: 10 7;
  }
  .box.lit .halo {
    fill: color-mix(in srgb, var(--c) 16%, transparent);
    stroke-width: 8px;
  }
  .box.lit .contour {
    stroke-width: 6px;
  }
  .box.lit:not(.double) .line {
    stroke-width: 4px;
  }
  .box:focus-visible .halo {
    stroke: #000;
    stroke-width: 10px;
  }
  .box:focus-visible .contour {
    stroke: #fff;
    stroke-width: 7px;
  }
  .dimmed .box:not(.lit) {
    opacity: 0.3;
  }
  .label {
    position: absolute;
    inset-block-start: 0;
    left: 0;
    display: inline-flex;
    align-items: center;
    gap: 0.35em;
    max-inline-size: min(100%, 16em);
    padding: 0.2em 0.5em;
    border-radius: 4px;
    font: 600 0.75rem/1.25 var(--mner-qg-chip-font, system-ui, sans-serif);
    color: #fff;
    background: var(--c);
    box-shadow: 0 0 0 1px rgb(255 255 255 / 0.85);
  }
  .label .glyph {
    fill: currentColor;
  }
  .label .figure {
    font-weight: 450;
  }
  .label bdi {
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  .label.crowded,
  .dimmed .label:not(.lit) {
    opacity: 0;
  }
  .label.lit {
    opacity: 1;
    z-index: 1;
  }
  @media (forced-colors: active) {
    .label {
      forced-color-adjust: none;
      color: CanvasText;
      background: Canvas;
      box-shadow: 0 0 0 1px CanvasText;
    }
    .box .line {
      stroke: CanvasText;
    }
    .box .contour,
    .box.double .line {
      stroke: Canvas;
    }
    .box.double .contour {
      stroke: CanvasText;
    }
    .box.lit .line,
    .box.lit.double .contour {
      stroke: Highlight;
    }
  }
  @media print {
    .frame {
      break-inside: avoid;
      print-color-adjust: exact;
    }
  }
`;
