import { generateKeyPairSync } from 'node:crypto';
import { make, type Round } from './round.ts';

/** Creates a security group that allows ping and TCP; returns its id. */
export async function makeGroup(round: Round): Promise<string> {
  const { api } = round;
  const id = await make(round, 'group', 'group', {
    path: '/v2.0/security-groups',
    key: 'security_group',
    body: (name) => ({ security_group: { name, description: 'of osha smoke' } }),
  });
  for (const protocol of ['icmp', 'tcp']) {
    await api.send('network', {
      method: 'POST',
      path: '/v2.0/security-group-rules',
      body: {
        security_group_rule: { security_group_id: id, direction: 'ingress', ethertype: 'IPv4', protocol },
      },
      // 409: the rule exists already.
      repeat: 'safe',
      accept: [409],
    });
  }
  return id;
}

/** Creates a keypair whose private key is discarded; returns its name. */
export function makeKeypair(round: Round): Promise<string> {
  return make(round, 'keypair', 'key', {
    path: '/os-keypairs',
    key: 'keypair',
    body: (name) => ({ keypair: { name, public_key: newPublicKey() } }),
  });
}

/** An Ed25519 public key in the format of OpenSSH (RFC 8709): two strings, each preceded by its length. */
export function newPublicKey(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const fields = [Buffer.from('ssh-ed25519'), Buffer.from(x, 'base64url')];
  const blob = fields.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return `ssh-ed25519 ${Buffer.concat(blob).toString('base64')} osha-smoke`;
}
