import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with an inventory's place in it, for one test file. */
export interface SecretsFolder {
  readonly path: string;
  readonly inventory: string;
  readonly plain: string;
  readonly sealed: string;
  write(text: string, mode?: number): void;
  read(): string;
  mode(file: string): number;
  list(): readonly string[];
  clear(): void;
  remove(): void;
}

export function secretsFolder(): SecretsFolder {
  const path = mkdtempSync(join(tmpdir(), 'osha-secrets-'));
  const plain = join(path, 'secrets.yaml');
  const sealed = `${plain}.age`;
  return {
    path,
    inventory: join(path, 'inventory.yaml'),
    plain,
    sealed,
    write(text, mode = 0o600) {
      writeFileSync(plain, text);
      chmodSync(plain, mode);
    },
    read: () => readFileSync(plain, 'utf8'),
    mode: (file) => statSync(file).mode & 0o777,
    list: () => readdirSync(path).sort(),
    clear() {
      for (const file of [plain, sealed]) if (existsSync(file)) rmSync(file);
    },
    remove: () => rmSync(path, { recursive: true }),
  };
}
