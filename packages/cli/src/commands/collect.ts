import { access } from 'node:fs/promises';
import type { CollectBasis, CollectRequest } from '@gapferry/collector';
import { formatReleaseAddress, GapferryError, type Run, type Signer } from '@gapferry/core';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { contentJson } from '../content-json.ts';
import { depotFlag } from '../depot-flag.ts';
import { type Environment, readEnvironment } from '../environment.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { formatCollected } from '../outside/collected-text.ts';
import { withDemoHint } from '../outside/demo-hint.ts';
import { discoveredJson, discoveredLines } from '../outside/discovered-text.ts';
import { openDepotSession } from '../outside/open-depot-session.ts';
import { openScratchStore, type ScratchStore } from '../outside/open-scratch-store.ts';
import { openSources } from '../outside/open-sources.ts';
import { openSigner } from '../outside/private-key.ts';
import { type BundleFiles, keepLock, readBundle } from '../outside/read-bundle.ts';
import { readDemands } from '../outside/read-demands.ts';
import { readNumbering } from '../outside/read-numbering.ts';
import { readValues } from '../outside/read-values.ts';

export default class Collect extends GapferryCommand<typeof Collect> {
  static override summary = COMMANDS.collect.summary;
  static override description =
    'Resolves the wishes (or takes them from the lock with --locked), finds the images that charts and repositories name, fetches what the depot does not have yet, and signs one release of everything. Run it again after a break: it continues.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> bundles/line-a --key keys/collector.key --first',
    '<%= config.bin %> <%= command.id %> bundles/line-a --key keys/collector.key --locked',
  ];
  static override args = {
    bundle: Args.string({ description: 'bundle directory or bundle.yaml', required: true }),
  };
  static override flags = {
    depot: depotFlag(),
    key: Flags.string({
      description: 'private key that signs the release',
      default: 'keys/collector.key',
      env: 'GAPFERRY_KEY',
      helpValue: 'FILE',
    }),
    'passphrase-file': Flags.string({
      description: 'passphrase of the key (or set GAPFERRY_KEY_PASSPHRASE)',
      helpValue: 'FILE',
    }),
    locked: Flags.boolean({ description: 'take the pins from bundle.lock.json; fail when they do not fit' }),
    version: Flags.string({ description: 'version of the release', helpValue: 'VERSION' }),
    first: Flags.boolean({
      description: 'this is the first release of the channel anywhere',
      exclusive: ['after'],
    }),
    after: Flags.string({
      description: 'the last release of the channel, made in another depot',
      helpValue: 'PLACE',
    }),
    refresh: Flags.boolean({
      description:
        'look again for signatures, attestations and SBOMs, also where that was done in the last 24 hours',
    }),
    'dry-run': Flags.boolean({ description: 'only tell what would be collected' }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const environment = readEnvironment(process.env);
    const bundle = await readBundle(this.args.bundle);
    if (this.flags.locked && bundle.lock === undefined)
      throw new GapferryError({
        code: 'LOCK_STALE',
        message: `--locked needs ${bundle.lockFile}, which is not there`,
        hint: 'run "gapferry resolve" first, and commit the lock',
      });
    // The key is opened first: a wrong passphrase must not show after gigabytes.
    const signer = this.flags['dry-run'] ? undefined : await this.#signer(environment);
    const [upstream, values] = [await readDemands(bundle), await readValues(bundle)];
    const sources = await openSources(
      environment,
      bundle,
      this.flags.depot,
      this.flags.refresh,
      !this.flags['dry-run'],
    );
    const session = await openDepotSession(
      this.flags.depot,
      `collect ${bundle.config.name}`,
      systemClock,
      run,
    );
    let scratch: ScratchStore | undefined;
    try {
      if (signer !== undefined && !this.flags.locked) sources.begin(run);
      // A dry run writes nothing to the depot, charts included.
      scratch = this.flags['dry-run'] ? await openScratchStore() : undefined;
      const basis: CollectBasis = {
        config: bundle.config,
        ...(bundle.lock && this.flags.locked && { lock: bundle.lock }),
        locked: this.flags.locked,
        sources,
        discovery: { ...sources.discovering, values, store: scratch?.store ?? session.depot },
        depot: session.depot,
        ledger: session.ledger,
        numbering: await readNumbering(this.flags.first, this.flags.after, bundle.config.channel),
        ...(this.flags.version !== undefined && { version: this.flags.version }),
      };
      return signer === undefined
        ? await this.#preview(basis, run)
        : await this.#collect(
            { ...basis, signer, clock: systemClock, ...(upstream && { upstream }) },
            bundle,
            run,
          );
    } catch (error) {
      throw withDemoHint(error);
    } finally {
      await sources.close();
      await session.close();
      await scratch?.close();
    }
  }

  async #collect(request: CollectRequest, bundle: BundleFiles, run: Run): Promise<Outcome> {
    const { collect } = await import('@gapferry/collector');
    const collected = await collect(request, run);
    if (!this.flags.locked) await keepLock(bundle, collected.lock, formatReleaseAddress(collected.address));
    const { kind, address, release, statement, manifestDigest, items, totals } = collected;
    return {
      json: {
        kind,
        release: address,
        version: release.version,
        statement,
        manifest: manifestDigest,
        items,
        ...discoveredJson(collected),
        ...contentJson(collected.manifest, systemClock.now()),
        totals,
        depot: this.flags.depot,
      },
      text: formatCollected(collected, this.args.bundle, this.flags.depot, systemClock.now()),
    };
  }

  async #preview(basis: CollectBasis, run: Run): Promise<Outcome> {
    const { previewCollect } = await import('@gapferry/collector');
    const preview = await previewCollect(basis, run);
    const { address, version, lock, items, removed } = preview;
    const lines = [...items, ...removed.map((item) => ({ ...item, state: 'removed' as const }))].map(
      ({ state, kind, id }) => `${state.padEnd(10)}${kind} ${id}`,
    );
    return {
      json: {
        kind: 'dry-run',
        version,
        release: address,
        items,
        removed,
        pins: lock.pins,
        ...discoveredJson(preview),
      },
      text: [
        ...lines,
        ...discoveredLines(preview, this.args.bundle),
        `would become release ${version} (${formatReleaseAddress(address)}); nothing was fetched`,
      ].join('\n'),
    };
  }

  async #signer(environment: Environment): Promise<Signer> {
    const { key } = this.flags;
    const there = await access(key).then(
      () => true,
      () => false,
    );
    if (!there)
      throw new GapferryError({
        code: 'KEY_UNUSABLE',
        message: `there is no private key ${key} to sign the release with`,
        hint: 'name it with --key or GAPFERRY_KEY, or make one with "gapferry keys generate keys/collector"',
      });
    return openSigner(
      key,
      environment,
      this.flags['passphrase-file'],
      !this.flags.json && process.stdin.isTTY === true,
    );
  }
}
