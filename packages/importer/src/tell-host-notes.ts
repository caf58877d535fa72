import { type HostNotes, hasHostNotes, type Run, type Target } from '@gapferry/core';

/** Clocks that are further apart are told: S3 refuses signatures that are 15 minutes off, and tokens and certificates begin and end by somebody's clock. */
const CLOCKS_DIFFER_MS = 5 * 60_000;
/** Two clocks that are this close to each other agree. */
const CLOCKS_AGREE_MS = 60_000;
/** Long enough to have another certificate made and brought inside. */
const CERTIFICATE_ENDS_SOON_MS = 14 * 86_400_000;

type Noted = HostNotes & { readonly target: string };

/** Warns of clocks that differ from ours and of certificates that end soon, each host once. Asks nobody: what counts is what was answered already. */
export function tellHostNotes(targets: readonly Target[], run: Run): void {
  for (const message of hostWarnings(notesOf(targets))) run.emit({ kind: 'warning', message });
}

/** Several targets may be one host: the first of them speaks for it. */
function notesOf(targets: readonly Target[]): readonly Noted[] {
  const notes = targets.flatMap((target) =>
    hasHostNotes(target) ? target.hostNotes().map((note) => ({ ...note, target: target.name })) : [],
  );
  return [...Map.groupBy(notes, ({ host }) => host).values()].map(([first]) => first as Noted);
}

export function hostWarnings(notes: readonly Noted[]): readonly string[] {
  const clocks = notes.flatMap((note) =>
    Math.abs(note.clockAhead ?? 0) > CLOCKS_DIFFER_MS ? [clockText(note, notes)] : [],
  );
  const certificates = notes.flatMap((note) =>
    (note.certificateLeft ?? Number.POSITIVE_INFINITY) < CERTIFICATE_ENDS_SOON_MS
      ? [certificateText(note)]
      : [],
  );
  return [...clocks, ...certificates];
}

function clockText({ target, host, clockAhead = 0 }: Noted, notes: readonly Noted[]): string {
  const others = notes.flatMap((note) => (note.host === host ? [] : (note.clockAhead ?? [])));
  const apart = `the clock of ${host} (target ${target}) is ${durationText(clockAhead)} ${clockAhead > 0 ? 'ahead of' : 'behind'} this machine's`;
  if (others.some((other) => Math.abs(other - clockAhead) <= CLOCKS_AGREE_MS))
    return `${apart}, and another target agrees with it: probably this machine's clock is wrong; set it before signatures and certificates are refused`;
  if (others.some((other) => Math.abs(other) <= CLOCKS_AGREE_MS))
    return `${apart}, and another target agrees with this machine: probably the clock of ${host} is wrong; have it set`;
  return `${apart}: one of them is wrong; set it before signatures and certificates are refused`;
}

function certificateText({ target, host, certificateLeft = 0 }: Noted): string {
  return `the certificate of ${host} (target ${target}) counts for ${durationText(Math.max(0, certificateLeft))} only: have it renewed in time`;
}

function durationText(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 72 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}
