import { GapferryError, printable } from '@gapferry/core';
import type { EngineFailure } from './render-protocol.ts';

/** A template can put whole files into an error. */
const MOST_CAUSE = 2000;
const MOST_READ = 16 * 1024;
/** The name of what `tpl` is given. */
const PARSED_BY_TPL = 'gotpl';

/** What one chart may take, and all together. */
export interface RenderLimits {
  readonly timeoutMs: number;
  readonly totalMs: number;
  readonly memoryMiB: number;
  readonly outputMiB: number;
}

interface Item {
  readonly item: string;
}

/** Where in a chart, and what Helm says about it. */
export interface FailurePlace {
  /** With the chart's directory: `demo/templates/deployment.yaml`. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly cause: string;
}

/** A chart that does not render, or an archive that is none. */
export function toChartError({ item }: Item, { kind, message, chart }: EngineFailure): GapferryError {
  if (kind === 'question')
    return new GapferryError({
      code: 'INTERNAL',
      message: `${item}: the engine was asked wrongly: ${message}`,
    });
  const { cause, ...place } = readFailure(message);
  const data = { item, ...(chart === undefined ? {} : { chart }), ...place, cause };
  const at = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
  const said = `${at === '' ? '' : `${at}: `}${cause}`;
  if (kind === 'archive')
    return new GapferryError({
      code: /larger than the maximum size/.test(message) ? 'LIMIT_EXCEEDED' : 'CONTENT_INVALID',
      message: `${item}: the archive cannot be read as a chart: ${shown(said)}`,
      origin: 'source',
      data,
    });
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: `${item}: ${chart === undefined ? 'the chart' : `chart ${shown(chart)}`} does not render: ${shown(said)}`,
    hint: 'change the values of the item in bundle.yaml, or take another version of the chart',
    origin: 'source',
    data,
  });
}

/** A chart that takes too much of something, or that comes after others took all the time there is. */
export function toLimitError(
  { item }: Item,
  of: 'time' | 'total' | 'memory' | 'depth' | 'output',
  { timeoutMs, totalMs, memoryMiB, outputMiB }: RenderLimits,
): GapferryError {
  if (of === 'total')
    return new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${item}: the chart is not rendered any more: those before it took longer than ${totalMs / 1000} s together`,
      hint: 'look for charts that take very long ("gapferry images" with each), say "images: none" of them, or make a bundle of its own of them',
      origin: 'source',
      data: { item, limit: of },
    });
  const why = {
    time: `took longer than ${timeoutMs / 1000} s`,
    memory: `needs more than ${memoryMiB} MiB of memory`,
    depth: 'has templates that are nested too deeply',
    output: `renders to more than ${outputMiB} MiB`,
  }[of];
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${item}: the chart ${why}, so rendering was stopped`,
    hint: 'look for templates without end in the chart, or for values that make it render very much',
    origin: 'source',
    data: { item, limit: of },
  });
}

/** The engine or its thread failed by itself. */
export function toEngineError({ item }: Item, cause: unknown): GapferryError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GapferryError({
    code: 'INTERNAL',
    message: `${item}: the rendering engine failed: ${shown(why)}`,
    data: { item },
    cause,
  });
}

/** Reads place and cause from what Helm says. Helm tells the places from the outermost template to the innermost, which is where it failed. */
export function readFailure(message: string): FailurePlace {
  const whole = message.trim();
  const head = whole.slice(0, MOST_READ);
  if (head.startsWith('template: ')) return readChain(whole);
  const nested = [...head.matchAll(/^(\S.*?):(\d+)(?::(\d+))?$\n {2}\S/gm)].at(-1);
  if (nested !== undefined) return placed(nested, whole.slice(whole.lastIndexOf('\n')));
  const single = /^(?:parse|execution) error at \((.+?):(\d+)(?::(\d+))?\): (.*)$/s.exec(head);
  if (single !== null) return placed(single, single[4] ?? '');
  const yaml = /^(?:YAML parse error on|failed to parse|cannot load) (.+?): (.*)$/s.exec(head);
  return yaml === null ? { cause: cut(whole) } : notYaml(yaml);
}

/** All on one line: `template: demo/templates/a.yaml:1:6: executing "…" at <…>: error calling tpl: … template: gotpl:1:10: …`. */
function readChain(whole: string): FailurePlace {
  const end = whole.slice(-MOST_READ);
  const places = [...end.matchAll(/template: (\S+?):(\d+):(\d+): executing /g)];
  const place = places.filter(([, name]) => name !== PARSED_BY_TPL).at(-1);
  const cause = end.slice(end.lastIndexOf('>: ') + 3);
  return place === undefined ? { cause: cut(whole) } : placed(place, cause);
}

function notYaml([, file = '', said = '']: RegExpExecArray): FailurePlace {
  const line = /\bline (\d+)/.exec(said)?.[1];
  const cause = cut(said.replace('error converting YAML to JSON: ', 'not YAML: '));
  return { file, ...(line === undefined ? {} : { line: Number(line) }), cause };
}

function placed(
  [, file = '', line, column]: RegExpExecArray | RegExpMatchArray,
  cause: string,
): FailurePlace {
  return {
    file,
    line: Number(line),
    ...(column === undefined ? {} : { column: Number(column) }),
    cause: cut(cause.trim()),
  };
}

function cut(text: string): string {
  return text.length <= MOST_CAUSE ? text : `${text.slice(0, MOST_CAUSE)}…`;
}

/** On one line. */
function shown(text: string): string {
  return printable(cut(text.replace(/\s*\n\s*/g, ' ').trim()));
}
