import type { Clock, HostNotes } from '@gapferry/core';
import type { HostWitness } from '@gapferry/http';

/** Remembers what the hosts of one target say of themselves: the first time that each tells, and the certificate that ends first. */
export function hostWitness(clock: Clock): HostWitness & { notes(): readonly HostNotes[] } {
  const clocks = new Map<string, number>();
  const ends = new Map<string, number>();
  return {
    answered(host, headers) {
      const there = Date.parse(headers.get('date') ?? '');
      // What a cache kept says when it came there.
      const age = Number(headers.get('age') ?? 0) * 1000;
      if (clocks.has(host) || Number.isNaN(there) || Number.isNaN(age)) return;
      clocks.set(host, there + age - clock.now().getTime());
    },
    secured(host, { validTo }) {
      ends.set(host, Math.min(validTo.getTime(), ends.get(host) ?? Number.POSITIVE_INFINITY));
    },
    notes: () =>
      [...new Set([...clocks.keys(), ...ends.keys()])].map((host) => {
        const [clockAhead, end] = [clocks.get(host), ends.get(host)];
        return {
          host,
          ...(clockAhead !== undefined && { clockAhead }),
          ...(end !== undefined && { certificateLeft: end - clock.now().getTime() }),
        };
      }),
  };
}
