/**
 * Files by URL, held against what the configuration demands of them, files and directories on this machine, buckets of object stores, suites of APT repositories, and files at WebDAV servers.
 *
 * It does not mirror or unpack, and does not know the administration of any object store. Signatures are verified by what it is given.
 *
 * Imported by the cli only; collector sees it through the Source port of core.
 */
export { type FileSourceOptions, fileSource } from './file-source.ts';
export type { FileMirrors } from './places/file-places.ts';
export type { AskRepository, RepositoryQuestion } from './releases/release-assets.ts';
export { seenKey } from './resolve-url.ts';
export { type OpenBucketOptions, openBucket } from './s3/open-bucket.ts';
export type * from './s3/s3-bucket.ts';
export { encodeS3, type S3Credentials } from './s3/sign-request.ts';
export { type OpenWebdavOptions, openWebdav } from './webdav/open-webdav.ts';
export type * from './webdav/webdav-server.ts';
