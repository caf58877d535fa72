/** Bytes per second, as this site's own imports went; absent where nothing was measured. */
export interface ImportRates {
  /** Reading and hashing a medium. */
  readonly verification?: number;
  /** Of a release, reading everything back from the targets. */
  readonly readBack?: number;
  /** Sending, by the target's name. */
  readonly targets: ReadonlyMap<string, number>;
}

/** What an import has to do. */
export interface ImportWork {
  /** Bytes that are read and hashed on the medium. */
  readonly verify: number;
  /** Bytes that are read back, or asked about, at the targets. */
  readonly readBack: number;
  /** Bytes to send, by the target's name. */
  readonly targets: ReadonlyMap<string, number>;
}

/** One part of the time: `bytes` at so many `perSecond` take `ms`. */
export interface TimePart {
  readonly what: 'verify' | 'send' | 'read-back';
  /** Of what is sent. */
  readonly target?: string;
  readonly bytes: number;
  /** Bytes, as measured; a whole number. */
  readonly perSecond: number;
  readonly ms: number;
}

/** How long an import will take, as far as earlier ones tell. */
export interface TimeEstimate {
  /** Whole milliseconds: targets are sent to at the same time, so the slowest counts. At least as much where `unknown` has something. */
  readonly ms: number;
  readonly parts: readonly TimePart[];
  /** What was never measured here: `verify`, `read-back`, or the name of a target. Absent where everything was. */
  readonly unknown?: readonly string[];
}

/** Below this it is latencies that count, and they are short. */
const FEW_BYTES = 1 << 20;

/** Says nothing where nothing was ever measured: a guess would be taken for knowledge. Pure. */
export function estimateTime(work: ImportWork, rates: ImportRates): TimeEstimate | undefined {
  const unknown: string[] = [];
  const part = (part: Omit<TimePart, 'perSecond' | 'ms'>, rate: number | undefined): TimePart[] => {
    if (part.bytes < FEW_BYTES) return [];
    if (rate === undefined || !(rate > 0)) {
      unknown.push(part.target ?? part.what);
      return [];
    }
    return [{ ...part, perSecond: Math.round(rate), ms: Math.round((part.bytes / rate) * 1000) }];
  };
  const sending = [...work.targets].flatMap(([target, bytes]) =>
    part({ what: 'send', target, bytes }, rates.targets.get(target)),
  );
  const verifying = part({ what: 'verify', bytes: work.verify }, rates.verification);
  const reading = part({ what: 'read-back', bytes: work.readBack }, rates.readBack);
  const parts = [...verifying, ...sending, ...reading];
  if (parts.length === 0) return undefined;
  const slowest = Math.max(0, ...sending.map(({ ms }) => ms));
  const ms = [...verifying, ...reading].reduce((sum, one) => sum + one.ms, slowest);
  return { ms, parts, ...(unknown.length > 0 && { unknown }) };
}
