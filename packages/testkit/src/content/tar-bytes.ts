/** An entry as somebody who is not honest may write it. Defaults make an honest file. */
export interface TarEntry {
  readonly name: string;
  readonly body?: Uint8Array | string;
  /** The type flag; `0`, a file, unless given. */
  readonly type?: string;
  readonly link?: string;
  /** What the header claims; a string is written as it is. */
  readonly size?: number | string | Uint8Array;
  /** `ustar\0` + `00` unless given. */
  readonly magic?: string;
}

/** A tar archive, byte for byte as it is told: two blocks of zeros at the end unless `end` says otherwise. */
export function tarBytes(entries: readonly TarEntry[], end: Uint8Array = new Uint8Array(1024)): Buffer {
  return Buffer.concat([...entries.flatMap(entryBytes), end]);
}

/** One record of a pax extended header. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const length = rest + String(rest + String(rest).length).length;
  return `${length} ${key}=${value}\n`;
}

function entryBytes(entry: TarEntry): Buffer[] {
  const body = Buffer.from(entry.body ?? '');
  return [headerBytes(entry, body.byteLength), body, Buffer.alloc((512 - (body.byteLength % 512)) % 512)];
}

function headerBytes({ name, type, link, size, magic }: TarEntry, length: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size instanceof Uint8Array) header.set(size, 124);
  else
    header.write(
      typeof size === 'string' ? size : `${(size ?? length).toString(8).padStart(11, '0')}\0`,
      124,
    );
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type ?? '0', 156);
  header.write(link ?? '', 157, 100, 'utf8');
  header.write(magic ?? 'ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
