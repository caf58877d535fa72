import { describeBlobStore, describeReleaseStore } from '@gapferry/core/testing';
import { memoryBlobStore } from './memory-blob-store.ts';
import { memoryReleases } from './memory-releases.ts';

describeBlobStore('the memory store', async () => memoryBlobStore());
describeReleaseStore('memory releases', async () => memoryReleases());
