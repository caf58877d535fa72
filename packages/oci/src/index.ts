/**
 * The OCI distribution protocol and image layouts: references, authentication, platform choice, pulling and
 * pushing graphs of manifests and blobs, referrers.
 *
 * It does not know any registry product, resolves no chart version and verifies no signature.
 *
 * Imported by the cli only; collector sees it through the Source port of core.
 */
export {
  type AttachmentFinder,
  type AttachmentFinderOptions,
  createAttachmentFinder,
} from './attachments/attachment-finder.ts';
export {
  type AttachmentFacts,
  type AttachmentWord,
  attachmentWords,
  isWantedAttachment,
} from './attachments/attachment-words.ts';
export type { LookupCache } from './attachments/lookup-cache.ts';
export { type RegistryAttachments, registryAttachments } from './attachments/registry-attachments.ts';
export { type ImageSourceOptions, imageSource } from './image-source.ts';
export { type LocalImages, type LocalImagesOptions, localImages } from './local/local-images.ts';
export { createOciClient, type OciClient, type OciClientOptions } from './oci-client.ts';
export { fileUploadJournal } from './push/file-upload-journal.ts';
export {
  createRegistryWriter,
  type RegistryWriter,
  type RegistryWriterOptions,
} from './push/registry-writer.ts';
export type { UploadEntry, UploadJournal, UploadKey } from './push/upload-journal.ts';
export { candidateTags } from './tags/choose-tags.ts';
