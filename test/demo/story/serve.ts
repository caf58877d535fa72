import { clientsHere } from './clients.ts';
import { type Demo, inDemo } from './demo.ts';
import type { PullPlace } from './pull-place.ts';

/** Serves what was imported and fetches it with clients that know nothing of gapferry. */
export async function serveAndPull(demo: Demo): Promise<void> {
  const { screen, shell } = demo;
  screen.heading('Serve what was imported, pull it with other programs');
  const serving = await shell.stay(['serve', 'site/embedded', '--port', '0']);
  screen.quote([serving.firstLine]);
  const url = /http:\/\/[\w.:[\]-]+/.exec(serving.firstLine)?.[0] ?? '';
  try {
    const place: PullPlace = {
      url,
      into: inDemo(demo, 'pulled'),
      published: await demo.upstream.published(),
    };
    const { here, missing } = clientsHere();
    for (const client of here) screen.proved(await client.pull(demo, place));
    if (missing.length > 0) screen.quote([`not on this machine: ${missing.join(', ')}`]);
  } finally {
    await serving.stop();
  }
}
