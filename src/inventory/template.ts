import { stringify } from 'yaml';
import { z } from 'zod';
import { DEFAULT_PLATFORM } from './schema.ts';
import { isRecord } from '../yaml/parse.ts';
import type { SettingsSection } from './sections.ts';

export interface TemplateOptions {
  /** The name of the deployment; default `cloud`. */
  readonly name?: string;
  /** Default debian-12. */
  readonly platform?: string;
  /** The sections whose settings are listed, commented out, with their defaults. */
  readonly sections?: readonly SettingsSection[];
  /** The path or address of the JSON Schema, for editors. */
  readonly schema?: string;
}

const WIDTH = 100;

function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, indent + line];
}

function choices(property: Readonly<Record<string, unknown>>): string {
  const values = property['enum'];
  return Array.isArray(values) ? values.map(String).join(' | ') : '';
}

/** One setting as a comment: description, default and choices. */
function settingLines(name: string, property: unknown): readonly string[] {
  const described = isRecord(property) ? property : {};
  const description = described['description'];
  const value = described['default'];
  const options = choices(described);
  const written =
    value === undefined ? '' : ` ${stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`;
  const comments = [value === undefined ? 'not set' : '', options].filter((part) => part !== '');
  const comment = comments.length === 0 ? '' : `  # ${comments.join('; ')}`;
  return [
    ...(typeof description === 'string' ? wrapped(description, '#   # ') : []),
    `#   ${name}:${written}${comment}`,
  ];
}

function sectionLines(section: SettingsSection): readonly string[] {
  const schema: unknown = z.toJSONSchema(section.settings, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  });
  const properties = isRecord(schema) && isRecord(schema['properties']) ? schema['properties'] : {};
  const settings = Object.entries(properties);
  if (settings.length === 0) return [];
  return [
    '',
    `# ${section.title}`,
    `# ${section.name}:`,
    ...settings.flatMap(([name, property]) => settingLines(name, property)),
  ];
}

/**
 * The text of a new inventory: three controllers, two virtual IPs, login settings, and every setting of `sections` with
 * its default, commented out. It is valid without changes; names and addresses are examples to replace.
 */
export function inventoryTemplate(options: TemplateOptions = {}): string {
  const { name = 'cloud', platform = DEFAULT_PLATFORM, sections = [], schema } = options;
  const settings = sections.flatMap(sectionLines);
  const lines = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    '# What osha builds, and where. Replace names and addresses with your own, then:',
    '#   osha validate inventory.yaml',
    '#   osha check inventory.yaml',
    '#   osha plan inventory.yaml',
    '#   osha deploy inventory.yaml',
    '',
    '# Clusters are named after it.',
    `name: ${name}`,
    '',
    '# The operating system of the hosts.',
    `platform: ${platform}`,
    '',
    '# How to log in. Each host can have an "ssh" of its own that says what differs there.',
    'ssh:',
    '  # Any user but root uses sudo.',
    '  user: root',
    '  # port: 22',
    '  # A private key; without it, the agent and what ssh itself would try. Paths are relative to this file.',
    '  # identity: ~/.ssh/id_ed25519',
    '  # Host keys are checked against these files.',
    '  # known_hosts: ~/.ssh/known_hosts',
    '  # A host to go through: an address, or the name of a host below. Several as a list.',
    '  # jump: user@bastion.example.net:22',
    '  # ~/.ssh/config applies to what is not set here. To ignore it: false; or the path of another file.',
    '  # config: false',
    '',
    '# Three controllers: with two, or with four, losing half of them would stop everything.',
    '# Roles: database, messaging, cache, coordination, control, network, compute, storage, dashboard,',
    '# loadbalancer, time. "controller" stands for those of them that no other host here has, network,',
    '# compute and storage aside.',
    'hosts:',
    '  controller1: { address: 10.0.0.11, roles: [controller] }',
    '  controller2: { address: 10.0.0.12, roles: [controller] }',
    '  controller3: { address: 10.0.0.13, roles: [controller] }',
    '  # A host with an address in a second network, where a virtual IP can then be:',
    '  # balancer1: { address: 10.0.0.31, networks: { public: 203.0.113.31 }, roles: [loadbalancer] }',
    '',
    "# Addresses that move to another host when theirs fails: free ones, in the hosts' network. Pacemaker moves",
    '# them, or keepalived. They are for the load balancers; "on: [database]" or "on: [controller1, controller2]"',
    '# gives one to others.',
    'vips:',
    '  # Where users reach the cloud.',
    '  api: { address: 10.0.0.20/24, interface: eth0, by: pacemaker }',
    '  # Where its services reach the database.',
    '  database: { address: 10.0.0.21/24, interface: eth0, by: pacemaker }',
    ...(settings.length === 0
      ? []
      : ['', '# Everything below is optional, and shown with its default.', ...settings]),
  ];
  return `${lines.join('\n')}\n`;
}
