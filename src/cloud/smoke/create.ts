import type { Api } from '../api.ts';
import { KINDS, type Kind, type KindName, type Thing } from './kinds.ts';

/** What has been asked for and not seen to be gone: `network osha-smoke-k3v9x2ab-network`. */
export type Begun = Set<string>;

/** How a thing is called in a list of what is left. */
export function entryOf(kind: KindName, name: string): string {
  return `${KINDS[kind].title} ${name}`;
}

/**
 * Makes a thing, once: where nobody knows what became of the request, it is looked for by its name before it is asked
 * for again. Returns its id. Throws `CloudError`.
 */
export async function create(
  api: Api,
  begun: Begun,
  kind: KindName,
  name: string,
  request: { readonly path: string; readonly body: object; readonly key?: string },
): Promise<string> {
  const { service, named }: Kind = KINDS[kind];
  begun.add(entryOf(kind, name));
  const made = await api.send(service, {
    method: 'POST',
    path: request.path,
    body: request.body,
    look: async () => {
      const found = (await named(api, name)).find((thing) => thing.name === name);
      return found && (request.key === undefined ? found : { [request.key]: found });
    },
  });
  const thing = (
    request.key === undefined ? made : (made as Readonly<Record<string, unknown>>)[request.key]
  ) as Partial<Thing>;
  return thing.id ?? name;
}
