import {
  type Load,
  type OciTag,
  type PreflightTarget,
  quietRun,
  type RunEvent,
  totalSize,
} from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import { startRegistry, type TestRegistry } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainRegistry } from '../testing/plain-registry.ts';
import { loadsOf, type ReleaseImage, releaseImage } from '../testing/release-loads.ts';
import type { OciRegistry } from './oci-registry.ts';
import { registryTarget } from './registry-target.ts';

const run = quietRun();
const nginx = 'docker.io/library/nginx';
let registry: TestRegistry;

beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

/** A process of its own: it remembers nothing of the others. */
function open(path = '{host}/{path}'): PreflightTarget {
  return registryTarget({ name: 'plant', host: registry.host, registry: plainRegistry(), path });
}

/** Preflight, then everything at once, as the importer does. */
async function survey(target: PreflightTarget, images: readonly ReleaseImage[]): Promise<string[]> {
  const loads = loadsOf(images);
  await target.preflight(loads, run);
  return Promise.all(loads.map(async (load) => (await target.inspect(load, run)).state));
}

async function load(target: PreflightTarget, images: readonly ReleaseImage[]): Promise<void> {
  const medium = memoryMedium(images.flatMap(({ parts }) => parts));
  await Promise.all(images.map(({ content }) => target.load(content, medium, run)));
  await Promise.all(images.map(({ content }) => target.readBack(content, run)));
  for (const { names } of images) for (const name of names) await target.load(name, medium, run);
}

const lines = (): string[] => registry.requests.map(({ method, url }) => `${method} ${url}`);
const since = async (act: () => Promise<unknown>): Promise<string[]> => {
  const before = lines().length;
  await act();
  return lines().slice(before);
};

it('says under which reference clients find what it holds', () => {
  const [tag] = releaseImage(nginx, '1.27').names as [OciTag];
  const { tag: _, ...pinned } = tag;
  const target = registryTarget({
    name: 'plant',
    host: 'hub.plant7.internal',
    registry: plainRegistry(),
    path: 'mirror/{host}/{path}',
  });
  expect(target.addressOf(tag)).toBe('hub.plant7.internal/mirror/docker.io/library/nginx:1.27');
  expect(target.addressOf(pinned)).toBe(
    `hub.plant7.internal/mirror/docker.io/library/nginx@${tag.root.digest}`,
  );
});

describe('what is there already', () => {
  it('costs one HEAD for each tag, and nothing when content is loaded and read back', async () => {
    const images = [
      releaseImage(nginx, '1.27'),
      releaseImage(nginx, '1.27.3', { seed: nginx }),
      releaseImage('ghcr.io/org/app'),
    ];
    const first = open();
    await survey(first, images);
    await load(first, images);
    const again = open();
    const asked = await since(async () => {
      expect(new Set(await survey(again, images))).toEqual(new Set(['same']));
      for (const { content } of images) {
        expect(await again.load(content, memoryMedium([]), run)).toEqual({ state: 'same', bytes: 0 });
        await again.readBack(content, run);
      }
    });
    expect(asked.toSorted()).toEqual([
      'HEAD /v2/docker.io/library/nginx/manifests/1.27',
      'HEAD /v2/docker.io/library/nginx/manifests/1.27.3',
      'HEAD /v2/ghcr.io/org/app/manifests/1.0',
    ]);
  });

  it('costs one request for each subject of attachments without tag besides', async () => {
    const images = [releaseImage(nginx, '1.27', { signed: true })];
    const first = open();
    await survey(first, images);
    await load(first, images);
    const asked = await since(async () => {
      expect(new Set(await survey(open(), images))).toEqual(new Set(['same']));
    });
    expect(
      asked.map((line) => line.split('/')[0] + line.replace(/.*(tags|manifests|referrers).*/, '$1')),
    ).toEqual(expect.arrayContaining(['HEAD manifests', 'HEAD manifests', 'GET referrers', 'GET referrers']));
    expect(asked).toHaveLength(4);
  });

  it('is looked at anew by the next survey of the same process', async () => {
    const images = [releaseImage(nginx)];
    const target = open();
    await survey(target, images);
    await load(target, images);
    expect(await survey(target, images)).toEqual(['same', 'same']);
    registry.deleteTag('docker.io/library/nginx', '1.0');
    expect(await survey(target, images)).toEqual(['same', 'absent']);
  });

  it('is not believed when the registry will not say', async () => {
    for (const [status, code] of [
      [401, 'SERVER_ERROR'],
      [503, 'SERVER_ERROR'],
    ] as const) {
      registry.addFault({ match: () => true, do: { kind: 'status', status } });
      const failed = survey(open(), [releaseImage(nginx)]);
      await expect(failed).rejects.toMatchObject({ code, origin: 'target' });
      await expect(failed).rejects.toThrow(`image ${nginx}:1.0 at target plant`);
      registry.clearFaults();
    }
  });
});

describe('what is sent', () => {
  it('children before parents and attachments after their subjects, before any tag', async () => {
    const image = releaseImage(nginx, '1.27', { signed: true });
    const target = open();
    await survey(target, [image]);
    const sent = await since(() => load(target, [image]));
    const [signature, sbom, cosign] = image.content.attachments ?? [];
    const order = [image.content.root, sbom?.root, signature?.root, cosign?.root].map((root) =>
      sent.findIndex((line) => line.startsWith('PUT') && line.endsWith(`/manifests/${root?.digest}`)),
    );
    expect(order.every((at) => at >= 0)).toBe(true);
    expect(order[1]).toBeGreaterThan(order[0] ?? 0);
    expect(order[2]).toBeGreaterThan(order[1] ?? 0);
    expect(order[3]).toBeGreaterThan(order[0] ?? 0);
    const tags = sent.findIndex((line) => /^PUT .*\/manifests\/(1\.27|sha256-.*\.sig)$/.test(line));
    expect(tags).toBeGreaterThan(Math.max(...order));
    expect(registry.tagged('docker.io/library/nginx', cosign?.tag ?? '')).toBe(cosign?.root.digest);
  });

  it('a manifest when those it needs have been answered for, however long that takes', async () => {
    const image = releaseImage(nginx, '1.27', { signed: true });
    const plain = plainRegistry();
    const steps: string[] = [];
    const slow: OciRegistry = {
      ...plain,
      async pushManifest(...args) {
        const [, , { digest }] = args;
        steps.push(`begin ${digest}`);
        // Those that come first take the longest.
        for (let turns = steps.length; turns < 40; turns++) await new Promise(setImmediate);
        await plain.pushManifest(...args);
        steps.push(`end ${digest}`);
      },
    };
    const host = registry.host;
    const target = registryTarget({ name: 'plant', host, registry: slow, path: '{host}/{path}' });
    await target.load(image.content, memoryMedium(image.parts), run);
    const [signature, sbom, cosign] = image.content.attachments ?? [];
    const at = (what: string, digest = ''): number => steps.indexOf(`${what} ${digest}`);
    const root = image.content.root.digest;
    for (const attached of [sbom, cosign])
      expect(at('begin', attached?.root.digest)).toBeGreaterThan(at('end', root));
    expect(at('begin', signature?.root.digest)).toBeGreaterThan(at('end', sbom?.root.digest));
    expect(at('end', signature?.root.digest)).toBeGreaterThan(0);
  });

  it('a layer once: other repositories mount it', async () => {
    const images = ['docker.io/a/one', 'docker.io/b/two', 'quay.io/c/three'].map((name) =>
      releaseImage(name),
    );
    const target = open();
    const { digest, size } = images[0]?.shared ?? { digest: '', size: 0 };
    await survey(target, images);
    const events: RunEvent[] = [];
    const medium = memoryMedium(images.flatMap(({ parts }) => parts));
    const outcomes = await Promise.all(
      images.map(({ content }) =>
        target.load(content, medium, { ...run, emit: (event) => events.push(event) }),
      ),
    );
    expect(lines().filter((line) => line.includes(`uploads/?digest=${digest}`))).toHaveLength(1);
    expect(lines().filter((line) => line.includes(`mount=${digest}`))).toHaveLength(2);
    const wanted = images.reduce((sum, { content }) => sum + totalSize(content.blobs), 0);
    expect(outcomes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(wanted - 2 * size);
    // A plan counts it once, so progress does too.
    expect(events.filter((event) => event.kind === 'bytes' && event.reused)).toEqual([]);
  });

  it('a layer that an unchanged image holds is mounted from there', async () => {
    const [old, young] = [releaseImage(nginx), releaseImage('quay.io/org/young')];
    const first = open();
    await survey(first, [old]);
    await load(first, [old]);
    const target = open();
    await survey(target, [old, young]);
    const asked = await since(() => load(target, [young]));
    expect(asked).toContain(
      `POST /v2/quay.io/org/young/blobs/uploads/?mount=${old.shared.digest}&from=docker.io/library/nginx`,
    );
  });

  it('after a break only the rest, and then the tag', async () => {
    const image = releaseImage(nginx);
    const medium = memoryMedium(image.parts);
    const killed = open();
    await survey(killed, [image]);
    await killed.load(image.content, medium, run);
    const next = open();
    expect(await survey(next, [image])).toEqual(['same', 'absent']);
    const asked = await since(() => load(next, [image]));
    expect(asked.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([
      `PUT /v2/docker.io/library/nginx/manifests/1.0`,
    ]);
  });

  it('a referrer again that the registry lost from its list', async () => {
    const image = releaseImage(nginx, '1.27', { signed: true });
    const first = open();
    await survey(first, [image]);
    await load(first, [image]);
    const [signature] = image.content.attachments ?? [];
    await fetch(`${registry.url}/v2/docker.io/library/nginx/manifests/${signature?.root.digest}`, {
      method: 'DELETE',
    });
    const target = open();
    expect((await survey(target, [image]))[0]).toBe('absent');
    await load(target, [image]);
    expect(new Set(await survey(open(), [image]))).toEqual(new Set(['same']));
  });
});

describe('a tag', () => {
  it('of somebody else is not written, nor when it came between the plan and now', async () => {
    const [ours, theirs] = [releaseImage(nginx), releaseImage(nginx, '1.0', { seed: 'theirs' })];
    const target = open();
    await survey(target, [ours]);
    const stranger = open();
    await survey(stranger, [theirs]);
    await load(stranger, [theirs]);
    const asked = await since(() =>
      expect(load(target, [ours])).rejects.toMatchObject({ code: 'TARGET_CONFLICT', origin: 'target' }),
    );
    expect(asked.filter((line) => line.startsWith('PUT') && line.endsWith('/1.0'))).toEqual([]);
    expect(registry.tagged('docker.io/library/nginx', '1.0')).toBe(theirs.content.root.digest);
  });

  it('that stands already is not put again: immutable tags refuse even that', async () => {
    const image = releaseImage(nginx);
    const target = open();
    await survey(target, [image]);
    await load(target, [image]);
    const [name] = image.names;
    const asked = await since(async () =>
      expect(await target.load(name as Load, memoryMedium([]), run)).toEqual({ state: 'same', bytes: 0 }),
    );
    expect(asked).toEqual(['HEAD /v2/docker.io/library/nginx/manifests/1.0']);
  });
});

describe('places', () => {
  it('follow the template', async () => {
    const image = releaseImage('Registry.Example:5000/line/app');
    const target = open('mirror/{host}/{path}');
    await survey(target, [image]);
    await load(target, [image]);
    expect(registry.tagged('mirror/registry.example-5000/line/app', '1.0')).toBe(image.content.root.digest);
  });

  it.each([
    ['{path}', nginx, 'quay.io/library/nginx'],
    ['all/{name}', 'docker.io/a/app', 'docker.io/b/app'],
  ])('that two repositories would share by %s are refused, naming both', async (path, one, other) => {
    const images = [releaseImage(one), releaseImage(other)];
    const refused = open(path).preflight(loadsOf(images), run);
    await expect(refused).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
      data: { items: [`image ${one}:1.0`, `image ${other}:1.0`] },
    });
    expect(registry.requests).toEqual([]);
  });

  it.each(['[::1]:5000/app', 'docker.io/Library/nginx', `docker.io/${'a/'.repeat(130)}b`])(
    'that no registry has are refused: %s',
    async (name) => {
      const refused = open().preflight(loadsOf([releaseImage(name)]), run);
      await expect(refused).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
      expect(registry.requests).toEqual([]);
    },
  );

  it('take images and charts only', async () => {
    const file = { phase: 'content', kind: 'file', item: 'file a', path: 'a' } as Load;
    await expect(open().inspect(file, run)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

it('takes away what earlier imports left half-sent once in each import, when all content is there', async () => {
  const done: string[] = [];
  const abandonUploads = async (): Promise<void> => void done.push('tidied');
  const pushManifest: OciRegistry['pushManifest'] = async (...asked) => {
    await plainRegistry().pushManifest(...asked);
    done.push(asked[1].startsWith('sha256:') ? 'content' : 'name');
  };
  const writer = { ...plainRegistry(), abandonUploads, pushManifest };
  const target = registryTarget({
    name: 'plant',
    host: registry.host,
    registry: writer,
    path: '{host}/{path}',
  });
  const images = [releaseImage(nginx, '1.27'), releaseImage('ghcr.io/org/app')];
  await survey(target, images);
  await load(target, images);
  expect(done.filter((what) => what !== 'content')).toEqual(['tidied', 'name', 'name']);
  expect(done.lastIndexOf('content')).toBeLessThan(done.indexOf('tidied'));
});
