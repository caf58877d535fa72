import { GapferryError, type Run } from '@gapferry/core';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { depotFlag } from '../depot-flag.ts';
import { readEnvironment } from '../environment.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { type ChartAsBundle, chartAsBundle } from '../outside/chart-as-bundle.ts';
import { withDemoHint } from '../outside/demo-hint.ts';
import { countsOf } from '../outside/discovered-text.ts';
import { leadCounts, leadLines } from '../outside/lead-lines.ts';
import { openScratchStore, type ScratchStore } from '../outside/open-scratch-store.ts';
import { openSources } from '../outside/open-sources.ts';
import { readBundle } from '../outside/read-bundle.ts';
import { readValues } from '../outside/read-values.ts';
import { formatSurvey } from '../outside/survey-text.ts';

export default class Images extends GapferryCommand<typeof Images> {
  static override summary = COMMANDS.images.summary;
  static override description =
    'Renders the charts of a bundle, or one chart, reads its Git repositories that say "images: discover", and shows every image that they name: how sure it is that it is needed, where it is named, and what a collect would do with it. Charts, repositories and artifacts that repositories point to are looked into in turn, and listed below with what would become of each. Collects nothing. Exits 5 when upstream does not have what must be there, 6 when it could not be asked.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> bundles/line-a',
    '<%= config.bin %> <%= command.id %> oci://registry.example.org/charts/historian:4.2.1 --values plant.yaml',
    '<%= config.bin %> <%= command.id %> historian-4.2.1.tgz --json',
  ];
  static override args = {
    place: Args.string({
      description:
        'bundle directory or bundle.yaml; or a chart: oci://HOST/PATH:VERSION, a .tgz, a directory',
      required: true,
    }),
  };
  static override flags = {
    values: Flags.string({
      description: 'values of a chart; again for more, later ones win',
      multiple: true,
      helpValue: 'FILE',
    }),
    release: Flags.string({ description: 'release name of a chart', helpValue: 'NAME' }),
    namespace: Flags.string({ description: 'namespace of a chart', helpValue: 'NAME' }),
    'kube-version': Flags.string({
      description: 'version of Kubernetes that a chart is rendered for',
      helpValue: 'VERSION',
    }),
    insecure: Flags.string({
      description: 'host[:port] that a chart or its images come from over plain HTTP or unverified TLS',
      multiple: true,
      helpValue: 'HOST',
    }),
    depot: depotFlag(),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const { config, file, values } = await this.#bundle();
    const sources = await openSources(
      readEnvironment(process.env),
      { config, file, asksAbout: false },
      this.flags.depot,
    );
    let scratch: ScratchStore | undefined;
    try {
      scratch = await openScratchStore();
      const { gravestOf, surveyBundle } = await import('@gapferry/collector');
      const discovery = { ...sources.discovering, values, store: scratch.store };
      const { images, failures, leads } = await surveyBundle({ config, sources, discovery }, run);
      return {
        json: { counts: countsOf(images), images, leadCounts: leadCounts(leads), leads },
        text: [formatSurvey(images), ...leadLines(leads)].join('\n'),
        exitCode: failures.length === 0 ? 0 : exitCodeOf(gravestOf(failures.map(({ error }) => error))),
      };
    } catch (error) {
      throw withDemoHint(error);
    } finally {
      await sources.close();
      await scratch?.close();
    }
  }

  async #bundle(): Promise<ChartAsBundle> {
    const { values, release, namespace, insecure, 'kube-version': kubeVersion } = this.flags;
    const settings = {
      ...(values && { values }),
      ...(release !== undefined && { release }),
      ...(namespace !== undefined && { namespace }),
      ...(kubeVersion !== undefined && { kubeVersion }),
      ...(insecure && { insecure }),
    };
    const chart = await chartAsBundle(this.args.place, settings);
    if (chart !== undefined) return chart;
    const [unused] = Object.keys(settings);
    if (unused !== undefined)
      throw new GapferryError({
        code: 'USAGE',
        message: 'how the charts of a bundle are rendered stands in bundle.yaml',
        hint: `leave out --${unused === 'kubeVersion' ? 'kube-version' : unused}, or name a chart`,
      });
    const bundle = await readBundle(this.args.place);
    return { config: bundle.config, file: bundle.file, values: await readValues(bundle) };
  }
}
