import { z } from 'zod';

/** Where something is, and what to say to it, as Git LFS servers tell it (git-lfs docs/api/batch.md, docs/api/authentication.md). */
export const accessSchema: z.ZodType<Access, Access> = z.object({
  href: z.string().min(1).max(8192),
  header: z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/),
      z
        .string()
        .max(16_384)
        .regex(/^[^\r\n\0]*$/),
    )
    .optional(),
  expires_in: z.number().optional(),
  expires_at: z.string().max(100).optional(),
});

export interface Access {
  readonly href: string;
  readonly header?: Readonly<Record<string, string>> | undefined;
  readonly expires_in?: number | undefined;
  readonly expires_at?: string | undefined;
}

/** The address of an http or https server without credentials; undefined for any other. */
export function addressOf({ href }: Access): URL | undefined {
  const url = URL.parse(href);
  return url && /^https?:$/.test(url.protocol) && url.username + url.password === '' ? url : undefined;
}

/** Milliseconds since 1970 from which on it is of no use. The shorter way to say it goes first. */
export function expiryOf(
  { expires_in: seconds, expires_at: time }: Access,
  now: number,
): { expires?: number } {
  const expires = seconds !== undefined && seconds > 0 ? now + seconds * 1000 : Date.parse(time ?? '');
  return Number.isFinite(expires) && expires > 0 ? { expires } : {};
}
