import { setFlagsFromString } from 'node:v8';
import type { Run, RunEvent } from '@gapferry/core';
import { Command, Flags, type Interfaces } from '@oclif/core';
import type { EventLog } from './terminal/event-log.ts';
import { stopOnSignals } from './terminal/interruption.ts';
import { type Output, processOutput } from './terminal/output.ts';
import type { Progress } from './terminal/progress.ts';

/** What a command hands back: the result for people, the same for programs, and an exit code that is no error. */
export interface Outcome {
  /** For `--json`; gets `ok` and `command` in front. */
  readonly json: Readonly<Record<string, unknown>>;
  /** For people, to stdout. */
  readonly text?: string;
  readonly exitCode?: number;
}

export type ParsedFlags<C extends typeof Command> = Interfaces.InferredFlags<
  (typeof GapferryCommand)['baseFlags'] & C['flags']
>;
export type ParsedArgs<C extends typeof Command> = Interfaces.InferredArgs<C['args']>;

/** The lifecycle of every command: flags, signals, progress, one result. Errors go up to `main`, which prints them and chooses the exit code. */
export abstract class GapferryCommand<C extends typeof Command = typeof Command> extends Command {
  static override enableJsonFlag = false;

  static override baseFlags = {
    json: Flags.boolean({
      description: 'print the result as JSON, also when it is an error',
      helpGroup: 'GLOBAL',
    }),
    'no-progress': Flags.boolean({
      description: 'no progress on stderr',
      env: 'GAPFERRY_NO_PROGRESS',
      helpGroup: 'GLOBAL',
    }),
    events: Flags.string({
      description: 'append what happens to a file as JSON lines; - for stderr',
      helpGroup: 'GLOBAL',
      helpValue: 'FILE',
    }),
    debug: Flags.boolean({ description: 'stack traces with errors', helpGroup: 'GLOBAL' }),
  };

  protected flags!: ParsedFlags<C>;
  protected args!: ParsedArgs<C>;
  protected output: Output = processOutput(process.env);

  /** The work. `run` stops it and listens to it. */
  protected abstract perform(run: Run): Promise<Outcome>;

  override async run(): Promise<Outcome> {
    stopYoungGeneration();
    const { flags, args } = await this.parse(this.ctor);
    this.flags = flags as ParsedFlags<C>;
    this.args = args as ParsedArgs<C>;
    const events = await this.#events();
    const progress = await this.#progress();
    const stop = stopOnSignals(() => {
      progress.stop();
      if (!this.flags['json']) this.output.err('stopping …');
    });
    try {
      const emit = (event: RunEvent): void => {
        progress.tell(event);
        events?.tell(event);
      };
      return await this.perform({ signal: stop.signal, emit });
    } finally {
      progress.stop();
      events?.close();
      stop.dispose();
    }
  }

  /** Replaces oclif's own lifecycle, whose error handling has an exit code of its own and prints nothing for an undefined result. */
  protected override async _run<T>(): Promise<T> {
    const outcome = await this.run();
    const json = {
      ok: (outcome.exitCode ?? 0) === 0,
      command: this.id?.replaceAll(':', ' '),
      ...outcome.json,
    };
    if (this.flags['json']) this.output.out(JSON.stringify(json, undefined, 2));
    else if (outcome.text !== undefined && outcome.text !== '') this.output.out(outcome.text);
    process.exitCode = outcome.exitCode ?? 0;
    return undefined as T;
  }

  /** Talk for people: never with `--json`. */
  protected say(text: string): void {
    if (!this.flags['json']) this.output.err(text);
  }

  async #events(): Promise<EventLog | undefined> {
    const target = this.flags['events'];
    if (target === undefined) return undefined;
    const { openEventLog } = await import('./terminal/event-log.ts');
    return openEventLog(target);
  }

  /** Loaded late: the help of a command needs none of it. */
  async #progress(): Promise<Progress> {
    const { barProgress, lineProgress, silentProgress } = await import('./terminal/progress.ts');
    if (this.flags['json'] || this.flags['no-progress']) return silentProgress(this.output);
    return this.output.interactive ? barProgress(this.output) : lineProgress(this.output);
  }
}

/** V8 lets the part of its heap where everything begins grow to 128 MiB where much is under way at once, and keeps it. What it has after a command was loaded (about 8 MiB) is enough for ten
 *  thousand small files: each leaves little behind. From the first moment on it would cost a tenth of the time. */
function stopYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
