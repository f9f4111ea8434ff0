/** What a playbook imports: everything that a deployment is written with. */
export { everyHost, playbook, privateKey, role, token } from './playbook/playbook.ts';
export type {
  HostSelector,
  InventoryProblem,
  Playbook,
  PlaybookContext,
  PlaybookDefinition,
  SecretRule,
} from './playbook/playbook.ts';
export type {
  ClientLogin,
  CloudService,
  DeclaredAuthority,
  DeclaredCloud,
  OutsideNetwork,
} from './playbook/cloud.ts';
export type { HostOption } from './playbook/playbook.ts';
export { settingsReader } from './playbook/playbook.ts';
export { minutes, seconds, step, verify } from './playbook/step.ts';
export type { ClusterStep, HostStep, Step, StepOptions, Strategy, VerifyStep } from './playbook/step.ts';
export { ofThoseThatAnswered, ProbeError, questionOf } from './playbook/operation.ts';
export type {
  Advice,
  Answer,
  Answers,
  Change,
  ClusterDecision,
  ClusterOperation,
  Effect,
  Evidence,
  Finding,
  HealthCheck,
  HostChange,
  Operation,
  PendingReads,
  PlacedFile,
  Probe,
  ProbeAnswer,
  ResourceKey,
  TextDiff,
} from './playbook/operation.ts';
export type {
  Backup,
  BackupChoice,
  BackupFacts,
  BackupRefusal,
  RestoreDecision,
  RestoreRequest,
  RestoreScripts,
  RestoreState,
  RowCounts,
} from './playbook/backup.ts';
export type { Drill, DrillProof, DrillScript, DrillService, DrillWrites } from './playbook/drill.ts';
export { spareCheck, sparedByOthers, type Life, type Spare, type SpareCheck } from './playbook/life.ts';
export type { CarriedSecret, LineOfFile, Where } from './playbook/carried-secret.ts';
export { DEFAULT_TIMEOUT_SECONDS, LIMITS, stretched, within, type Limit } from './playbook/limits.ts';
export { takeoverOf, type Handover, type Takeover } from './playbook/takeover.ts';
export type { Frontend, FrontendServer } from './playbook/playbook.ts';
export { choiceFault, chosenHosts } from './inventory/roles.ts';
export { addressIn, sameNetwork } from './inventory/network.ts';
export { holdersOf, hostsWith, ROLES } from './inventory/types.ts';
export type { Host, Inventory, Role, Vip } from './inventory/types.ts';
export { platformIds, platformOf } from './platform/index.ts';
export type { PackageNames, Paths, Platform, UnitNames } from './platform/platform.ts';
export { Secret } from './secrets/secret.ts';
export { asSecretText, SecretText, text } from './secrets/text.ts';
export type { Text } from './secrets/text.ts';
export { suggestion } from './inventory/problem.ts';
export { onOneHost } from './operations/on-one-host.ts';
export { quote, quoteAll } from './operations/shell.ts';

export * as carried from './operations/carried.ts';
export * as file from './operations/file.ts';
export * as hostname from './operations/hostname.ts';
export * as hostsFile from './operations/hosts-file.ts';
export * as kernelModules from './operations/kernel-modules.ts';
export * as localFile from './operations/local-file.ts';
export * as mount from './operations/mount.ts';
export * as mysql from './operations/mysql.ts';
export * as packages from './operations/packages.ts';
export * as rabbitmq from './operations/rabbitmq.ts';
export * as repository from './operations/repository.ts';
export * as service from './operations/service.ts';
export * as sysctl from './operations/sysctl.ts';
export * as timezone from './operations/timezone.ts';
export * as tls from './operations/tls.ts';
export { ini, type IniSections, type IniValue } from './operations/ini.ts';

// What a cluster operation is written with: scripts that ask and change, and how a decision is put.
export { clusterChange, type ClusterChange, type Decided } from './operations/cluster-change.ts';
export { writeFileScript, type WriteOptions } from './operations/file-script.ts';
export type { PathState } from './operations/file.ts';
export { journalOnFailure, READ_UNITS, startScript } from './operations/service.ts';
export {
  foreseeMember,
  heldBy,
  newerThanStart,
  parseUnitState,
  unitKey,
  unitProbeScript,
  unitReads,
  type UnitState,
} from './operations/unit-state.ts';
export { UNMOUNTED } from './operations/unmounted.ts';
