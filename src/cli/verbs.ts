import type { Register } from './register.ts';
import { register as ca } from './verbs/ca.ts';
import { register as check } from './verbs/check.ts';
import { register as completion } from './verbs/completion.ts';
import { register as deploy } from './verbs/deploy.ts';
import { register as exec } from './verbs/exec.ts';
import { register as history } from './verbs/history.ts';
import { register as init } from './verbs/init.ts';
import { register as openrc } from './verbs/openrc.ts';
import { register as phases } from './verbs/phases.ts';
import { register as plan } from './verbs/plan.ts';
import { register as render } from './verbs/render.ts';
import { register as run } from './verbs/run.ts';
import { register as schema } from './verbs/schema.ts';
import { register as secrets } from './verbs/secrets.ts';
import { register as show } from './verbs/show.ts';
import { register as smoke } from './verbs/smoke.ts';
import { register as status } from './verbs/status.ts';
import { register as validate } from './verbs/validate.ts';

/** Every verb, in the order in which the help lists them: as they are met on the way to a deployment, and after it. */
export const verbs: readonly Register[] = [
  init,
  validate,
  plan,
  check,
  deploy,
  status,
  smoke,
  openrc,
  run,
  exec,
  render,
  history,
  show,
  phases,
  schema,
  secrets,
  ca,
  completion,
];
