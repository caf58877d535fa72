import { argv } from 'node:process';
import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { createRegistryWriter, fileUploadJournal } from '@gapferry/oci';
import { seededContent, sizedDigestOf } from '@gapferry/testkit';
import { verifiedReader } from './verified-reader.ts';

/** A program to be killed: pushes one large blob. Arguments: repository, bytes, directory of the journal, user name and password or nothing. */
const [, , repository = '', size = '', journal = '', username, password = ''] = argv;
const content = seededContent(Number(size), 'large');
const blob = await sizedDigestOf(content);
const http = createHttpClient(
  username === undefined ? {} : { credentials: async () => ({ username, password }) },
);
const writer = createRegistryWriter(http, { journal: fileUploadJournal(journal) });
const { sent } = await writer.pushBlob(
  repository,
  blob,
  verifiedReader(content),
  { item: 'large' },
  quietRun(),
);
process.stdout.write(`${JSON.stringify({ sent })}\n`);
http.close();
