import type { Platform } from '../platform/platform.ts';
import type { Operation } from '../playbook/operation.ts';
import * as file from './file.ts';
import type { PathState } from './file.ts';

/** A package source in addition to the operating system's own. */
export interface AptRepository {
  /** Names its file; letters, digits, dots and dashes. */
  readonly name: string;
  readonly uri: string;
  /** Such as `bookworm`, or a path that ends with a slash. */
  readonly suite: string;
  readonly components: readonly string[];
  /** The armoured public key that signs it; default: the keys that the host already trusts. */
  readonly key?: string;
}

/** The key as a field of a deb822 file: continued lines begin with a space, an empty one is a dot. */
function signedBy(key: string): string {
  const lines = key.trim().split(/\r?\n/);
  return `Signed-By:\n${lines.map((line) => ` ${line.trim() === '' ? '.' : line}`).join('\n')}\n`;
}

/**
 * A package source, with its key in the same file. The next installation fetches the package lists, because they are
 * older than the source.
 */
export function apt(repository: AptRepository, platform: Platform): Operation<PathState> {
  const content = `# Placed by osha.
Types: deb
URIs: ${repository.uri}
Suites: ${repository.suite}
${repository.suite.endsWith('/') ? '' : `Components: ${repository.components.join(' ')}\n`}${
    repository.key === undefined ? '' : signedBy(repository.key)
  }`;
  return file.content(`${platform.paths.aptSources}/osha-${repository.name}.sources`, { content });
}

/** Packages are fetched through this HTTP proxy, such as `http://10.0.0.1:3142`; without one, directly. */
export function proxy(url: string | undefined, platform: Platform): Operation<PathState> {
  const path = platform.paths.aptProxy;
  if (url === undefined) return file.absent(path);
  const content = `// Placed by osha.\nAcquire::http::Proxy "${url}";\nAcquire::https::Proxy "${url}";\n`;
  return file.content(path, { content });
}
