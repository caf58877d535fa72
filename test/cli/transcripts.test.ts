import { tellTranscripts } from './tell-transcripts.ts';

tellTranscripts(new URL('.', import.meta.url));
