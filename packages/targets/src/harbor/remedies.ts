import { type HarborPlace, isProjectRobot, isRobot } from './harbor-place.ts';

type Who = Pick<HarborPlace, 'user'>;

/** Half a sentence each: what somebody does who may. */
export function makingRemedy(who: Who, project: string): string {
  if (isProjectRobot(who))
    return `make the project ${project} at Harbor, or use a robot of the system: those of a project make none`;
  return isRobot(who)
    ? `make the project ${project} at Harbor, or give the robot ${who.user} the system permission "Create Project"`
    : `make the project ${project} at Harbor, or use the credentials of an administrator or of a robot of the system that may`;
}

export function pushRemedy(who: Who, project: string): string {
  return isRobot(who)
    ? `give the robot ${who.user} "Push Repository" and "Pull Repository" on the project ${project}`
    : `make ${who.user} a developer (or more) of the project ${project}`;
}

/** `action`: `scan:create`. */
export function grantRemedy(who: Who, project: string, action: string): string {
  const setting = action.includes('label') ? '`labels: false`' : '`scan: none`';
  const grant = isRobot(who)
    ? `give the robot ${who.user} the permission ${action} on the project ${project}`
    : `make ${who.user} a maintainer of the project ${project}`;
  return `${grant}, or say ${setting} of the target in site.yaml`;
}
