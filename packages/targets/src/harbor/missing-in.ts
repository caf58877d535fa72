import { missingBytes, type PlaceNeed } from '../registry-host/place-needs.ts';
import { projectOf } from './harbor-names.ts';
import type { HarborPlace } from './harbor-place.ts';

/** Bytes that would come into a project, as its quota counts them. */
export function missingIn(survey: HarborPlace, { place, contents }: PlaceNeed): number {
  return missingBytes(survey, contents, (path) => projectOf(path) === place);
}
