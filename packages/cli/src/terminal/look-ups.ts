import type { RunEvent } from '@gapferry/core';
import { formatDuration } from '@gapferry/report';

/** Gathers what was said about looking for attachments, so that one line tells of 500 images. */
export class LookUps {
  #requests = 0;
  #asked = 0;
  #known = 0;
  #oldest = 0;

  count(event: Extract<RunEvent, { kind: 'lookup' }>): void {
    this.#requests += event.requests;
    if (event.age === undefined) this.#asked += 1;
    else {
      this.#known += 1;
      this.#oldest = Math.max(this.#oldest, event.age);
    }
  }

  /** The line, once; undefined when nothing was said since the last one. */
  take(): string | undefined {
    const parts = [
      ...(this.#asked > 0 ? [`${this.#asked} item(s) looked up (${this.#requests} requests)`] : []),
      ...(this.#known > 0
        ? [
            `${this.#known} item(s) as found up to ${formatDuration(this.#oldest)} ago (--refresh looks again)`,
          ]
        : []),
    ];
    this.#requests = this.#asked = this.#known = this.#oldest = 0;
    return parts.length === 0 ? undefined : `  attachments: ${parts.join(', ')}`;
  }
}
