import type { CrashKind } from './engine.ts';

/** What the worker is given when it starts. */
export interface RenderSettings {
  readonly memoryMiB: number;
}

/** The head of a question, for engine/render.go. */
export interface QuestionHead {
  readonly values: readonly { readonly name: string; readonly content: string }[];
  readonly release: string;
  readonly namespace: string;
  readonly kubeVersion?: string;
  readonly apiVersions: readonly string[];
  readonly crds: boolean;
  readonly skipTests: boolean;
  readonly mostOutput: number;
  readonly memoryTarget: number;
}

/** The head of an answer, from engine/main.go. */
export interface AnswerHead {
  readonly failure?: EngineFailure;
  readonly notes?: string;
  readonly warnings?: readonly string[];
}

export interface EngineFailure {
  readonly kind: 'archive' | 'chart' | 'output' | 'question';
  readonly message: string;
  /** Name and version. */
  readonly chart?: string;
}

/** What the worker says to a question. */
export type RenderReply =
  | { readonly kind: 'answer'; readonly answer: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'crash'; readonly of: CrashKind; readonly message: string };

/** The length of the head (32 bits, little endian), the head in JSON, the body. */
export function toQuestion(head: QuestionHead, archive: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(JSON.stringify(head));
  const question = new Uint8Array(4 + text.byteLength + archive.byteLength);
  new DataView(question.buffer).setUint32(0, text.byteLength, true);
  question.set(text, 4);
  question.set(archive, 4 + text.byteLength);
  return question;
}

export function readAnswer(answer: Uint8Array): { readonly head: AnswerHead; readonly text: string } {
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  const body = 4 + bytes.readUInt32LE(0);
  return { head: JSON.parse(bytes.toString('utf8', 4, body)), text: bytes.toString('utf8', body) };
}
