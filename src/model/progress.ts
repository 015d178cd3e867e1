// One figure from 0 to 1 over all files of a load. It never goes back: not when a file starts over, nor when the load
// starts over because a new release was published meanwhile.

export interface LoadProgress {
  readonly fraction: number;
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export class ProgressMeter {
  private readonly report: (progress: LoadProgress) => void;
  private readonly loaded = new Map<string, number>();
  private total = 0;
  private sum = 0;
  private fraction = 0;

  constructor(report: (progress: LoadProgress) => void) {
    this.report = report;
  }

  /** Begins (again) with this many bytes to come. */
  begin(totalBytes: number): void {
    this.loaded.clear();
    this.sum = 0;
    this.total = totalBytes;
    this.tell();
  }

  /** So many bytes of a file are there. */
  set(path: string, bytes: number): void {
    this.sum += bytes - (this.loaded.get(path) ?? 0);
    this.loaded.set(path, bytes);
    this.tell();
  }

  private tell(): void {
    if (this.total > 0) this.fraction = Math.max(this.fraction, Math.min(1, this.sum / this.total));
    // Bytes follow the figure, so that the two never contradict each other.
    const loadedBytes = Math.max(this.sum, Math.floor(this.fraction * this.total));
    this.report({ fraction: this.fraction, loadedBytes, totalBytes: this.total });
  }
}
