const MASK = '***';

/** Replaces what looks like a credential in free text: URL userinfo, Authorization values, tokens and signatures in query strings, private keys. */
export function redact(text: string): string {
  return (
    text
      // To the last @ before the path: a quote or another @ may be part of a password.
      .replace(/:\/\/[^/\s]*@/g, `://${MASK}@`)
      // The same without a scheme; a tag may stand before a digest.
      .replace(/(^|[\s"'(=/])[\w.~%+-]+:[^\s/@"']+@(?!sha\d+:)/g, `$1${MASK}@`)
      .replace(
        /\b(authorization|proxy-authorization|cookie|set-cookie)(["']?\s*[:=]\s*)(?:(basic|bearer|negotiate)\s+)?[^\s,"']+/gi,
        `$1$2${MASK}`,
      )
      .replace(/\b(basic|bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`)
      .replace(
        /([?&](?:[a-z0-9_.-]*(?:token|signature|sig|password|passwd|secret|credential|key|auth|jwt)[a-z0-9_.-]*)=)[^&\s"']+/gi,
        `$1${MASK}`,
      )
      .replace(
        /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
        `${MASK} (private key)`,
      )
  );
}

/** Redacts every string inside a JSON-like value; other values are returned as they are. */
export function redactData<T>(value: T): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map((entry) => redactData(entry)) as T;
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactData(entry)])) as T;
  return value;
}
