import { GapferryError, isGapferryError, isInterruption, printable, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';

/** Where a file is asked for, and what goes along with the question. */
export interface FileAddress {
  readonly url: string;
  /** Only secrets among them stay at the host. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An address that a file is asked for at now. */
export interface AskedAddress extends FileAddress {
  /** What the file is remembered by: its own URL, or that at the mirror. */
  readonly name: string;
  /** As bundle.yaml writes it; absent for the file's own place. */
  readonly mirror?: string;
}

/** Where files by URL may be asked for: at the mirrors of their host, and at the host itself. */
export interface FilePlaces {
  /** What `use` makes of the first place that it takes the file from. A mirror that fails, or whose file it refuses, leads to the next place with a warning; one that has not got the file does so silently. One that nobody answers at
   *  is not asked again. The file's own place comes last and its answer decides; only where it cannot be asked, and a mirror had something wrong, that is the failure. `item`: for messages. */
  first<T>(url: string, item: string, use: (at: AskedAddress) => Promise<T>, run: Run): Promise<T>;
  /** The same mirrors, with other addresses of files at their own place. */
  withAddresses(addressOf: AddressOf): FilePlaces;
}

export type AddressOf = (url: string, run: Run) => Promise<FileAddress>;

/** By host as it stands in URLs, in lower case; each a host or host/prefix that the path of a URL is put behind. */
export type FileMirrors = ReadonlyMap<string, readonly string[]>;

export function filePlaces(http: HttpClient, mirrors: FileMirrors): FilePlaces {
  const unreachable = new Set<string>();
  return placesWith({ http, mirrors, unreachable }, async (url) => ({ url }));
}

interface Mirroring {
  readonly http: HttpClient;
  readonly mirrors: FileMirrors;
  /** Hosts that nobody answered at. */
  readonly unreachable: Set<string>;
}

function placesWith(mirroring: Mirroring, addressOf: AddressOf): FilePlaces {
  return {
    withAddresses: (other) => placesWith(mirroring, other),
    async first(url, item, use, run) {
      let wrong: GapferryError | undefined;
      for (const mirror of mirrorsOf(mirroring, url)) {
        if (mirroring.unreachable.has(hostOf(mirror))) continue;
        try {
          return await use(await addressAt(mirroring.http, mirror, url, run));
        } catch (error) {
          const failure = passOver(mirroring, { mirror, item }, error, run);
          wrong ??= isWrong(failure) ? failure : undefined;
        }
      }
      try {
        return await use({ name: url, ...(await addressOf(url, run)) });
      } catch (error) {
        throw wrong !== undefined && isGapferryError(error) && error.category === 'transport' ? wrong : error;
      }
    },
  };
}

function mirrorsOf({ mirrors }: Mirroring, url: string): readonly string[] {
  const { host, hostname, port, protocol } = new URL(url);
  const own = port !== '' ? port : protocol === 'http:' ? '80' : '443';
  return mirrors.get(host) ?? mirrors.get(`${hostname}:${own}`) ?? mirrors.get(hostname) ?? [];
}

async function addressAt(http: HttpClient, mirror: string, url: string, run: Run): Promise<AskedAddress> {
  const { pathname, search } = new URL(url);
  const host = hostOf(mirror);
  const at = `${await http.origin(host, run)}${mirror.slice(host.length).replace(/\/+$/, '')}${pathname}${search}`;
  return { url: at, name: at, mirror };
}

function hostOf(mirror: string): string {
  return mirror.split('/', 1)[0] ?? mirror;
}

const PASSED_OVER = new Set(['integrity', 'trust', 'incomplete', 'transport']);

/** The failure with the mirror's name in it. Throws what is no reason to ask the next place. */
function passOver(
  { unreachable }: Mirroring,
  { mirror, item }: { readonly mirror: string; readonly item: string },
  error: unknown,
  run: Run,
): GapferryError {
  if (!isGapferryError(error) || isInterruption(error) || !PASSED_OVER.has(error.category)) throw error;
  if (error.code === 'UNREACHABLE' || error.code === 'TIMED_OUT') unreachable.add(hostOf(mirror));
  if (error.code !== 'SOURCE_NOT_FOUND')
    run.emit({
      kind: 'warning',
      item,
      message: printable(`the mirror ${mirror} is passed over for ${item}: ${error.message}`),
    });
  return new GapferryError({
    code: error.code,
    message: printable(`${error.message} (from the mirror ${mirror})`),
    hint: `find out why the mirror has something else than it should; without it nobody could be asked for ${item}`,
    origin: 'source',
    data: { ...error.data, mirror },
    cause: error,
  });
}

function isWrong({ category }: GapferryError): boolean {
  return category === 'integrity' || category === 'trust';
}
