import { leadsOfApplication } from './argo-application.ts';
import { type Generated, generatedParameters, type Parameters } from './argo-generators.ts';
import { fillIn, flattened } from './argo-template.ts';
import { type Fields, field, fieldsAt, isFields, listAt, objectName, type Value } from './fields.ts';
import {
  joinLeads,
  type Leads,
  type LocatedObject,
  NOWHERE,
  placeOf,
  type Surroundings,
} from './located-object.ts';
import { type Reading, weigh } from './reading.ts';
import { tooMuch } from './refusals.ts';

/** What the Applications of an ApplicationSet install, where its generators need nothing but this tree: `list`, `git` over the tree itself, `matrix` and `merge` of such.
 *  For others there is a problem that says so, and what the template says without them. */
export function leadsOfApplicationSet(set: LocatedObject, surroundings: Surroundings): Leads {
  const template = fieldsAt(set.object, 'spec', 'template');
  const isGoTemplate = field(set.object, 'spec', 'goTemplate') === true;
  const generators = listAt(set.object, 'spec', 'generators');
  if (generators.length > MOST_GENERATORS)
    throw tooMuch(set.file, `an ApplicationSet has more than ${MOST_GENERATORS} generators`);
  const context = { surroundings, file: set.file, isGoTemplate };
  const generated = generators.map((generator, index) =>
    generatedParameters(generator, `spec.generators[${index}]`, context),
  );
  const notStatic = generated.flatMap(({ open }) =>
    open.map(({ path, message }) => ({ place: placeOf(set, path), message })),
  );
  if (field(set.object, 'spec', 'templatePatch') !== undefined)
    notStatic.push({
      place: placeOf(set, 'spec.templatePatch'),
      message: 'its templatePatch is not applied',
    });
  const applications = generated.flatMap((one) =>
    applicationsOf(set, template, one, isGoTemplate, surroundings.reading),
  );
  const leads = applications.map((application) => leadsOfApplication(application, surroundings));
  return joinLeads([...leads, { ...NOWHERE, problems: notStatic }]);
}

const MOST_GENERATORS = 100;
/** What an Application of a set costs, in values, whatever its template has. */
const COST = 200;

/** One Application for each set of parameters; the template as it stands where nobody knows them. */
function applicationsOf(
  set: LocatedObject,
  template: Fields,
  { parameters, open, template: own }: Generated,
  isGoTemplate: boolean,
  reading: Reading,
): LocatedObject[] {
  const whole = own === undefined ? template : (overlaid(template, own) as Fields);
  const all: readonly Parameters[] = open.length > 0 ? [...parameters, {}] : parameters;
  const weight = COST + weigh(whole);
  return all.map((given) => {
    reading.count(weight, set.file);
    const filled = fillIn(whole, isGoTemplate ? given : flattened(given), isGoTemplate) as Fields;
    const object = { ...filled, apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' };
    return { object, file: set.file, as: objectName(set.object) };
  });
}

/** A generator's own template wins member by member. */
function overlaid(base: Value, over: Value): Value {
  if (!isFields(base) || !isFields(over)) return over === '' || over === null ? base : over;
  const merged = Object.entries(over).map(([key, value]) => [
    key,
    Object.hasOwn(base, key) ? overlaid(base[key] as Value, value) : value,
  ]);
  return { ...base, ...Object.fromEntries(merged) };
}
