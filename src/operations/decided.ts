import type { HostChange } from '../playbook/operation.ts';

/** What a cluster needs, before the evidence is put beside it. */
export type Decided =
  | { readonly verdict: 'converged' }
  | { readonly verdict: 'refuse'; readonly reason: string; readonly hint: string }
  | {
      readonly verdict: 'change';
      readonly because: string;
      readonly stages: readonly (readonly HostChange[])[];
    };
