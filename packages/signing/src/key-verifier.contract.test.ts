import { verifierContract } from '@gapferry/core/testing';
import { keyVerifier } from './key-verifier.ts';

verifierContract('keyVerifier', keyVerifier);
