import type { Attachment, AttachmentChoice, Clock, Digest, Run } from '@gapferry/core';
import type { OciClient } from '../oci-client.ts';
import { isWantedAttachment } from './attachment-words.ts';
import { type FoundAttachment, findAttachments } from './find-attachments.ts';
import { lookUpAtRegistry } from './look-up-at-registry.ts';
import {
  type AttachmentRecord,
  type AttachmentScope,
  type LookupCache,
  parseRecord,
  recordName,
} from './lookup-cache.ts';

export interface AttachmentFinderOptions {
  /** Where look-ups are kept between runs; absent: nowhere. */
  readonly cache?: LookupCache;
  readonly clock?: Clock;
  /** Look again, whatever is kept. */
  readonly refresh?: boolean;
  /** Milliseconds for which a look-up is used again; default 24 hours. */
  readonly reuseMs?: number;
}

export interface AttachmentQuestion extends AttachmentScope {
  readonly item: string;
  /** The manifests that attachments may belong to; asked for only when there is nothing to use again. */
  readonly subjects: () => Promise<readonly Digest[]>;
  /** Absent: all attachments. */
  readonly choice?: AttachmentChoice;
  /** What was found earlier will not do: something depends on what is there now. */
  readonly again?: boolean;
}

/** Finds what belongs to manifests in registries. */
export interface AttachmentFinder {
  /** What belongs to the manifests and is wanted, recursively, sorted by `byAttachment`. Emits `lookup`: with `age` when an earlier look was used.
   *  Throws for every answer that is neither a list nor a real 404. */
  find(question: AttachmentQuestion, run: Run): Promise<readonly Attachment[]>;
}

const DAY = 24 * 60 * 60 * 1000;

export function createAttachmentFinder(
  client: OciClient,
  options: AttachmentFinderOptions = {},
): AttachmentFinder {
  const now = (): number => options.clock?.now().getTime() ?? Date.now();
  // What was looked up in this run is not looked up again: the same image has many tags.
  const underway = new Map<string, Promise<Answer>>();
  const kept = async (name: string): Promise<AttachmentRecord | undefined> => {
    const record = options.refresh === true ? undefined : parseRecord(await options.cache?.get(name));
    const age = now() - (record?.at ?? 0);
    return age >= 0 && age <= (options.reuseMs ?? DAY) ? record : undefined;
  };
  const ask = async (question: AttachmentQuestion, run: Run): Promise<Answer> => {
    const name = recordName(question);
    const record = question.again === true ? undefined : await kept(name);
    if (record !== undefined) return { record, isNew: false };
    const looked = await look(client, question, now(), run);
    await options.cache?.put(name, looked);
    return { record: looked, isNew: true };
  };
  const begin = (name: string, question: AttachmentQuestion, run: Run): Promise<Answer> => {
    const asking = ask(question, run);
    underway.set(name, asking);
    return asking;
  };
  return {
    async find(question, run) {
      if (question.choice?.types.length === 0) return [];
      const { item, choice } = question;
      const name = recordName(question);
      const running = underway.get(name);
      const other = running === undefined ? undefined : await running.catch(() => undefined);
      const usable = other?.isNew === true || question.again !== true ? other : undefined;
      const { record, isNew } = usable ?? (await begin(name, question, run));
      if (usable !== undefined || !isNew)
        run.emit({ kind: 'lookup', item, requests: 0, age: Math.max(0, now() - record.at) });
      return wantedOf(record, choice);
    },
  };
}

interface Answer {
  readonly record: AttachmentRecord;
  readonly isNew: boolean;
}

async function look(
  client: OciClient,
  { repository, item, subjects }: AttachmentQuestion,
  at: number,
  run: Run,
): Promise<AttachmentRecord> {
  let requests = 0;
  const lookUp = lookUpAtRegistry(client, repository, () => {
    requests += 1;
  });
  const manifests = await subjects();
  const found = await findAttachments(manifests, lookUp, item, run);
  run.emit({ kind: 'lookup', item, requests });
  return { at, subjects: manifests, found };
}

/** What belongs to something that is not wanted is not wanted either. */
export function wantedOf(
  { subjects, found }: Pick<AttachmentRecord, 'subjects' | 'found'>,
  choice: AttachmentChoice | undefined,
): readonly Attachment[] {
  const bySubject = Map.groupBy(found, ({ subject }) => subject);
  const kept = new Set<FoundAttachment>();
  const keep = (subject: Digest): void => {
    for (const one of bySubject.get(subject) ?? []) {
      if (kept.has(one) || !isWantedAttachment(choice, one)) continue;
      kept.add(one);
      keep(one.root.digest);
    }
  };
  subjects.forEach(keep);
  return found.filter((one) => kept.has(one)).map(({ words: _, ...attachment }) => attachment);
}
