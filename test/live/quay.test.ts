import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeZone, type Zone } from '../e2e/zone.ts';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { CHARTS, REGISTRY } from '../support/upstream.ts';
import { membersOf } from './support/live-place.ts';
import { type LiveQuay, openLiveQuay } from './support/live-quay.ts';

const SITE = ['--site', 'site/site.yaml'];
const APP = `${REGISTRY}/line-a/app`;

interface Pusher {
  readonly user: string;
  readonly password: string;
}

describe('a Quay', { timeout: 300_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let zone: Zone;
  let quay: LiveQuay;

  beforeAll(async () => {
    quay = cleanup.use(await openLiveQuay());
    zone = await makeZone();
    cleanup.defer(() => zone.close());
    await zone.collect('--first', '--version', '1.0.0');
    await zone.export();
  }, 120_000);
  afterAll(() => cleanup.disposeAsync(), 120_000);

  /** The inside with a target of its own for each organisation, so that no story knows of another's tags. */
  async function inside(organization: string, wants: string, as: Pusher = quay): Promise<Machine> {
    const text = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: ${organization}, kind: quay, ${membersOf(quay.place)}, credentials: {env: QUAY}, path: "${organization}/{host}/{path}"${wants}}
  - {name: embedded, kind: depot, path: embedded, takes: [git, files]}
`;
    await writeFile(`${zone.inside.directory}/site/site.yaml`, text);
    return {
      directory: zone.inside.directory,
      environment: { QUAY_USERNAME: as.user, QUAY_PASSWORD: as.password, QUAY_TOKEN: quay.token },
    };
  }

  const TOKEN = ', token: {env: QUAY_TOKEN}';
  const load = (machine: Machine, exitCode = 0): Promise<Reported> =>
    gapferryJson(machine, ['import', ...SITE, '--yes', zone.stick], exitCode);

  it('gets an organization, images and charts, which stand under the digests of the release', async () => {
    const organization = quay.organization();
    const machine = await inside(organization, TOKEN);
    const { stdout, stderr } = await gapferry(machine, ['plan', ...SITE, zone.stick]);
    expect(`${stdout}${stderr}`).toContain(
      `make      repository ${organization}/${APP} (private) in a new organization ${organization}`,
    );
    expect((await quay.ask('GET', `/organization/${organization}`)).status).toBe(404);
    const told = await load(machine);
    expect(told).toMatchObject({ kind: 'loaded' });
    expect(JSON.stringify(told)).not.toContain(quay.token);
    expect(await quay.digest(`${organization}/${APP}`, '1.0')).toMatch(/^sha256:/);
    expect(await quay.digest(`${organization}/${CHARTS}/historian`, '4.1.0')).toMatch(/^sha256:/);
    expect((await quay.ask('GET', `/repository/${organization}/${APP}`)).json).toMatchObject({
      is_public: false,
    });
    expect(await load(machine)).toMatchObject({ kind: 'unchanged' });
  });

  it('takes from a robot what the token lets it into, and then without the token', async () => {
    const organization = quay.organization();
    expect((await quay.ask('POST', '/organization/', { name: organization })).status).toBe(201);
    const made = await quay.ask('PUT', `/organization/${organization}/robots/loader`, { description: '' });
    expect(made.status).toBeLessThan(300);
    const { name, token } = made.json as { name: string; token: string };
    const robot = { user: name, password: token };
    expect(await load(await inside(organization, TOKEN, robot))).toMatchObject({ kind: 'loaded' });
    await zone.upstream.change();
    await zone.collect('--version', '1.1.0');
    await zone.export();
    const before = await quay.digest(`${organization}/${APP}`, '1.0');
    expect(await load(await inside(organization, '', robot))).toMatchObject({ kind: 'loaded' });
    expect(await quay.digest(`${organization}/${APP}`, '1.0')).not.toBe(before);
  });

  it('is found to have no organization, and no room for what a robot cannot make', async () => {
    const none = await load(await inside(quay.organization(), `${TOKEN}, organizations: {create: false}`), 7);
    expect(none.error?.message).toContain('there is no organization');
    const organization = quay.organization();
    expect((await quay.ask('POST', '/organization/', { name: organization })).status).toBe(201);
    const { json } = await quay.ask('PUT', `/organization/${organization}/robots/loader`, {
      description: '',
    });
    const { name, token } = json as { name: string; token: string };
    const robot = { user: name, password: token };
    const elsewhere = await load(await inside(quay.organization(), '', robot), 6);
    expect(elsewhere.error?.message).toContain('create organization on organization');
    expect(elsewhere.error?.hint).toContain('a robot can make none');
  });
});
