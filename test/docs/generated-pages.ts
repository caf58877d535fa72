import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleJsonSchema, siteJsonSchema } from '@gapferry/bundle';
import { COMMAND_NAMES, COMMANDS } from '@gapferry/cli';
import { readChartShapes } from './chart-shapes.ts';
import { discoveryTables } from './image-discovery.ts';

/** What is read of an oclif command class. */
interface CommandClass {
  readonly description?: string;
  readonly examples: readonly string[];
  readonly args?: Readonly<Record<string, { readonly description?: string; readonly required?: boolean }>>;
  readonly flags?: Readonly<Record<string, Flag>>;
}

interface Flag {
  readonly type: 'boolean' | 'option';
  readonly description?: string;
  readonly default?: unknown;
  readonly env?: string;
  readonly required?: boolean;
  readonly options?: readonly string[];
  readonly helpValue?: string | readonly string[];
}

/** Pages of docs/ that are made from the code: path → text. */
export async function generatedPages(): Promise<Map<string, string>> {
  return new Map([
    ['docs/schema/bundle.schema.json', schemaText('bundle.yaml', bundleJsonSchema())],
    ['docs/schema/site.schema.json', schemaText('site.yaml', siteJsonSchema())],
    ['docs/cli/commands.md', await commandsPage()],
    ['docs/guides/image-discovery.md', await discoveryPage()],
  ]);
}

/** Only its tables are made. */
async function discoveryPage(): Promise<string> {
  const page = await readFile(
    fileURLToPath(new URL('../../docs/guides/image-discovery.md', import.meta.url)),
    'utf8',
  );
  const [before, after] = [page.split('<!-- tables: begin -->')[0], page.split('<!-- tables: end -->')[1]];
  const tables = discoveryTables(readChartShapes());
  return `${before}<!-- tables: begin -->\n${tables}\n<!-- tables: end -->${after}`;
}

function schemaText(title: string, schema: unknown): string {
  return `${JSON.stringify({ title, ...(schema as object) }, undefined, 2)}\n`;
}

async function commandsPage(): Promise<string> {
  const sections = await Promise.all(
    COMMAND_NAMES.map(async (name) => commandSection(name, await loadCommand(name))),
  );
  return `# Commands\n\nMade from the code by \`npm run docs\`. Every command also takes \`--json\`, \`--no-progress\`, \`--events FILE\` and \`--debug\`.\n\n${sections.join('\n')}`;
}

async function loadCommand(name: string): Promise<CommandClass> {
  const path = fileURLToPath(
    new URL(`../../packages/cli/src/commands/${name.replace(' ', '/')}.ts`, import.meta.url),
  );
  return ((await import(path)) as { default: CommandClass }).default;
}

function commandSection(name: string, command: CommandClass): string {
  const { summary } = COMMANDS[name as keyof typeof COMMANDS];
  const args = Object.entries(command.args ?? {}).map(([arg, { description, required }]) => [
    required ? arg.toUpperCase() : `[${arg.toUpperCase()}]`,
    description,
  ]);
  const flags = Object.entries(command.flags ?? {}).map(([flag, definition]) => [
    flagText(flag, definition),
    flagDescription(definition),
  ]);
  const rows = [...args, ...flags].map(([left, right]) => `| \`${left}\` | ${right} |`);
  const examples = command.examples.map((example) =>
    example.replace('<%= config.bin %>', 'gapferry').replace('<%= command.id %>', name),
  );
  return [
    `## ${name}\n`,
    `${summary}.${command.description === undefined ? '' : ` ${command.description}`}\n`,
    ...(rows.length === 0 ? [] : [`| | |\n|---|---|\n${rows.join('\n')}\n`]),
    `\`\`\`\n${examples.join('\n')}\n\`\`\`\n`,
  ].join('\n');
}

function flagText(name: string, flag: Flag): string {
  if (flag.type === 'boolean') return `--${name}`;
  return `--${name} ${flag.options?.join('\\|') ?? flag.helpValue ?? 'VALUE'}`;
}

function flagDescription({ description = '', default: fallback, env, required }: Flag): string {
  const notes = [
    ...(typeof fallback === 'string' || typeof fallback === 'number' ? [`default \`${fallback}\``] : []),
    ...(env === undefined ? [] : [`or \`${env}\``]),
    ...(required === true ? ['required'] : []),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join(', ')})`;
}
