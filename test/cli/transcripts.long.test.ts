import { tellTranscripts } from './tell-transcripts.ts';

tellTranscripts(new URL('long/', import.meta.url));
