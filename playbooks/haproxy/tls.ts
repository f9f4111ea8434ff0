import {
  type CarriedSecret,
  type Host,
  type Inventory,
  type InventoryProblem,
  type Operation,
  type Platform,
  privateKey,
  quote,
  type Secret,
  type SecretRule,
  tls,
  type Vip,
} from 'osha';
import { settingsOf as baseSettings } from '../base/settings.ts';
import type { HaproxySettings, VipTls } from './settings.ts';
import { vipFault, vipsOf } from './vips.ts';

/** A virtual IP on which HAProxy terminates TLS. */
export interface TlsVip {
  readonly vip: Vip;
  /** File on the host with its certificate and key. */
  readonly path: string;
  readonly settings: VipTls;
}

/** Virtual IPs with TLS, in the order of the inventory. */
export function tlsVips(
  inventory: Pick<Inventory, 'vips'>,
  settings: Pick<HaproxySettings, 'tls'>,
  platform: Platform,
): readonly TlsVip[] {
  return vipsOf(inventory).flatMap((vip) => {
    const found = settings.tls[vip.name];
    return found ? [{ vip, path: `${platform.paths.haproxyTls}/${vip.name}.pem`, settings: found }] : [];
  });
}

/** Whether some virtual IP gets a certificate from osha's CA. */
export function usesAuthority({ tls: all }: Pick<HaproxySettings, 'tls'>): boolean {
  return Object.values(all).some((one) => one.certificate === undefined);
}

/** The operation that keeps the certificate of one virtual IP on one host. */
export function certificateOf(
  tlsVip: TlsVip,
  inventory: Inventory,
  authority: tls.Authority | undefined,
): Operation {
  const { path, settings } = tlsVip;
  const files = certificateFiles(settings);
  if (files) return tls.provided(path, tls.readCertificateFiles(inventory, files));
  if (!authority) throw new TypeError(`${tlsVip.vip.name} needs a CA`);
  return tls.issued(path, {
    authority,
    names: namesOf(tlsVip, inventory),
    days: settings.days ?? DAYS,
    renewDays: settings.renew_days ?? RENEW_DAYS,
  });
}

/** The endpoint that `status` checks on that virtual IP. */
export function endpointOf(
  { vip, path, settings }: TlsVip,
  inventory: Inventory,
  authority: tls.Authority | undefined,
): tls.TlsEndpoint {
  const files = certificateFiles(settings);
  return files
    ? { vip, path, trusted: { certificate: tls.readCertificateFiles(inventory, files).certificate } }
    : { vip, path, trusted: { authority: authority?.certificate ?? '' } };
}

/** The rule of the CA's key, if any virtual IP uses a certificate from it. */
export function authoritySecret(
  settings: Pick<HaproxySettings, 'tls'>,
): Readonly<Record<string, SecretRule>> {
  if (!usesAuthority(settings)) return {};
  return { tlsAuthority: privateKey('Key of the CA that signs the certificates of virtual IPs') };
}

/** The CA, if any virtual IP uses a certificate from it. */
export function authorityOf(
  { name }: Pick<Inventory, 'name'>,
  settings: Pick<HaproxySettings, 'tls'>,
  key: Secret | undefined,
): tls.Authority | undefined {
  return usesAuthority(settings) && key ? tls.authority(name, key) : undefined;
}

/**
 * The CA's key never reaches a host. Hosts have the CA's certificate, whose serial number derives from the key and is
 * at a fixed offset: version 3, then an INTEGER of 16 bytes (RFC 5280, 4.1).
 */
export function authorityCarried(
  { name }: Pick<Inventory, 'name'>,
  hosts: readonly Host[],
  { paths }: Platform,
): CarriedSecret {
  return {
    secret: 'tlsAuthority',
    hosts,
    path: paths.authority,
    where: {
      in: 'output',
      script: `sed '/^-----/d' ${quote(paths.authority)} | base64 -d | od -An -v -tx1 | tr -d ' \\n' | sed -n 's/^3082....3082....a0030201020210\\(.\\{32\\}\\).*/\\1/p'`,
    },
    holds: (key) => tls.serialOf(tls.authority(name, key)),
    restores: 'nothing',
  };
}

/** Mistakes in `tls` and in the files that it names. */
export function tlsProblems(
  inventory: Inventory,
  settings: Pick<HaproxySettings, 'tls'>,
  now: number,
): readonly InventoryProblem[] {
  return Object.entries(settings.tls).flatMap(([name, one]): readonly InventoryProblem[] => {
    const path = ['haproxy', 'tls', name];
    const error = (keys: readonly string[], message: string, hint: string): InventoryProblem => ({
      severity: 'error',
      path: [...path, ...keys],
      message,
      hint,
    });
    const strange = vipFault(name, inventory);
    const vip = inventory.vips.find((candidate) => candidate.name === name);
    if (strange || !vip) return strange ? [{ severity: 'error', path, at: 'key', ...strange }] : [];
    const days = one.days ?? DAYS;
    const early = one.renew_days ?? RENEW_DAYS;
    const whole = one.certificate !== undefined || one.key !== undefined;
    const files = certificateFiles(one);
    if (whole && !files) {
      const [has, lacks] = one.key === undefined ? ['certificate', 'key'] : ['key', 'certificate'];
      return [
        error([has], `a ${has} without its ${lacks}`, `name its file: ${lacks}: ./${name}.${lacks}.pem`),
      ];
    }
    const ours = (['names', 'days', 'renew_days'] as const).filter((key) => files && one[key] !== undefined);
    return [
      ...ours.map((key) =>
        error(
          [key],
          `${key} applies only to certificates from osha's CA`,
          'remove it, or remove certificate and key',
        ),
      ),
      ...(early < days || files
        ? []
        : [
            error(
              one.renew_days === undefined ? ['days'] : ['renew_days'],
              `a certificate of ${days} days would be renewed at every deployment: renew_days is ${early}`,
              'set renew_days to less than days',
            ),
          ]),
      ...(files ? tls.certificateFileProblems(inventory, files, vip, now) : []).map(
        ({ in: key, severity, message, hint }): InventoryProblem => ({
          ...{ severity, message, hint },
          path: [...path, key],
        }),
      ),
    ];
  });
}

/** Names in a certificate by osha: the name of the virtual IP first, its address, then its other names. */
function namesOf({ vip, settings }: TlsVip, inventory: Inventory): readonly string[] {
  const more = baseSettings(inventory).vip_names[vip.name] ?? [];
  return [...new Set([vip.name, vip.address, ...more, ...(settings.names ?? [])])];
}

function certificateFiles({ certificate, key }: VipTls): tls.CertificateFiles | undefined {
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** Browsers reject certificates with a validity of more than 398 days. */
const DAYS = 397;
const RENEW_DAYS = 30;
