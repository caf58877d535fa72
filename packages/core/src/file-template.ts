/** The last part of a URL's path, decoded; empty where there is none, or where it would be more than one. What a server says is never part of a name. */
export function nameInUrl(url: string): string {
  const part = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    const name = decodeURIComponent(part);
    return name.includes('/') ? '' : name;
  } catch {
    return part;
  }
}

/** What `{name}` and `{version}` of a template stand for. */
export interface TemplateValues {
  readonly name: string;
  readonly version?: string;
}

export function fillTemplate(template: string, { name, version = '' }: TemplateValues): string {
  return template.replaceAll('{name}', () => name).replaceAll('{version}', () => version);
}

/** The first part in braces that is none of `known`. */
export function unknownInTemplate(template: string, known: readonly string[]): string | undefined {
  return [...template.matchAll(/\{([^{}]*)\}/g)].find(([, name = '']) => !known.includes(name))?.[0];
}
