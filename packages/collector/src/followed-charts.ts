import {
  type ChartPin,
  type Confidence,
  canonicalJson,
  checkRun,
  type Digest,
  type ImageOverride,
  type Run,
  renderingDigest,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { cappedFindings } from './capped-findings.ts';
import { isContentFault } from './content-fault.ts';
import { requireRoomToLook } from './follow-limits.ts';
import type { FollowedRound, FollowRequest } from './follow-request.ts';
import { failedVerdict } from './judge-reference.ts';
import { CHARTS, type LookedInto, lookIntoChart } from './look-into-charts.ts';
import { oneLineWithoutSecrets, reasonOf } from './naming.ts';
import { type Change, nameOf, type Pointer, type Reached } from './pointer.ts';
import type { ChartTarget } from './reference-target.ts';

type Look = LookedInto | { readonly error: unknown };

/** Charts that references install, each rendered once for everything that decides what it names. */
export class FollowedCharts {
  readonly #request: FollowRequest;
  /** Charts that the bundle wants and of which it says `images: none`. */
  readonly #closed: ReadonlySet<string>;
  readonly #looks = new Map<string, Promise<Look>>();
  /** What was said already, with how sure it was. */
  readonly #told = new Set<string>();

  constructor(request: FollowRequest) {
    const { pins, looked } = request;
    this.#request = request;
    const open = new Set(looked.map(({ pin }) => nameOf(pin)));
    this.#closed = new Set(pins.map(nameOf).filter((name) => !open.has(name)));
    for (const one of looked) {
      if (one.rendered === undefined) continue;
      const key = lookKey(one.pin.id, one.rendered, []);
      this.#looks.set(key, Promise.resolve(one));
      for (const confidence of ['certain', 'likely']) this.#told.add(`${confidence} ${key}`);
    }
  }

  /** Looks into those charts of a round that were not looked into in the same way before. */
  async lookInto(reached: readonly Reached[], run: Run): Promise<FollowedRound> {
    const charts = reached.filter(isChart).filter(({ pin }) => !this.#closed.has(nameOf(pin)));
    const keys = charts.map(keyOf);
    requireRoomToLook(new Set([...this.#looks.keys(), ...keys]).size);
    const limit = pLimit(CHARTS);
    const looks = await Promise.all(
      charts.map((chart, i) => {
        const key = keys[i] ?? '';
        const look = this.#looks.get(key) ?? limit(() => this.#look(chart, run));
        this.#looks.set(key, look);
        return look;
      }),
    );
    checkRun(run);
    const answered = charts.map((chart, i) => ({ chart, key: keys[i] ?? '', look: looks[i] as Look }));
    return {
      looked: answered.flatMap(({ chart, key, look }) => this.#tell(chart, key, look)),
      found: [],
      changes: answered.flatMap(({ chart, look }) => this.#changes(chart, look)),
    };
  }

  async #look({ pin, target }: ReachedChart, run: Run): Promise<Look> {
    const { rendering, overrides } = target;
    try {
      return await lookIntoChart(
        { pin: pin as ChartPin, rendering, ...(overrides.length > 0 && { overrides }) },
        this.#request,
        run,
      );
    } catch (error) {
      return { error };
    }
  }

  #tell(chart: ReachedChart, key: string, look: Look): LookedInto[] {
    const confidence = sureness(chart);
    const told = `${confidence} ${key}`;
    if ('error' in look || this.#told.has(told)) return [];
    this.#told.add(told);
    const { wish: _wish, ...rest } = look;
    return [{ ...rest, findings: cappedFindings(look.findings, confidence) }];
  }

  /** A chart that surely is installed must render. Where something is open, that may be why it does not, and where bundle.yaml wants it, its line says how it is rendered. */
  #changes(chart: ReachedChart, look: Look): Array<readonly [Pointer, Change]> {
    const { pointer, target, pin, isWanted } = chart;
    const open = target.open.map(oneLineWithoutSecrets);
    if (!('error' in look)) return open.length > 0 ? [[pointer, { open }]] : [];
    if (isContentFault(look.error) && (isWanted || sureness(chart) !== 'certain')) {
      const why = `it is not looked into as this installs it: ${reasonOf(look.error)}`;
      return [[pointer, { open: [...open, why] }]];
    }
    const called = { kind: 'chart', name: pin.id } as const;
    return [[pointer, failedVerdict({ confidence: 'certain' }, called, look.error, this.#request.config)]];
  }
}

type ReachedChart = Reached<ChartTarget>;

function isChart(reached: Reached): reached is ReachedChart {
  return reached.target.kind === 'chart';
}

function sureness({ pointer, target }: ReachedChart): Confidence {
  return target.open.length > 0 ? 'likely' : pointer.reference.confidence;
}

function keyOf({ pin, target: { rendering, overrides } }: ReachedChart): string {
  return lookKey(pin.id, renderingDigest(rendering), overrides);
}

function lookKey(id: string, rendered: Digest, overrides: readonly ImageOverride[]): string {
  return canonicalJson([id, rendered, overrides]);
}
