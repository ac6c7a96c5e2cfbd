// The JSON of the server's own API (/api/v1), as docs/src/reference/api.md says it. Times are RFC 3339, UTC.
// Graph's resources come from @microsoft/microsoft-graph-types.

/** A moment, RFC 3339 in UTC. */
export type Instant = string;
export const objectKinds = ['user', 'group', 'contact', 'device'] as const;
export type Kind = (typeof objectKinds)[number];

export interface Session {
  user: string;
  role: 'admin' | 'reader' | 'syncClient' | 'scim';
  expiresAt: Instant;
}

export type SummaryState =
  | 'never'
  | 'inStep'
  | 'working'
  | 'attention'
  | 'held'
  | 'stopped'
  | 'stale'
  | 'paused'
  | 'off';

export type ClientState = 'starting' | 'importing' | 'exporting' | 'live' | 'idle' | 'paused' | 'held' | 'failed' | 'standby';

export interface KindCounts {
  create: number;
  update: number;
  delete: number;
  membersAdded: number;
  membersRemoved: number;
  held: number;
}

export type Verdict = { kind: 'pass' } | { kind: 'held'; reason: string; remedy: string };

export interface PlanSummary {
  id: string;
  madeAt: Instant;
  counts: Partial<Record<Kind, KindCounts>>;
  errors: number;
  deletionsDigest: string;
  verdict: Verdict;
}

export type PropertyValue = boolean | string | string[];

export interface PropertyChange {
  property: string;
  before?: PropertyValue;
  after?: PropertyValue;
  rule: string;
}

export interface PlanItem {
  action: 'create' | 'update' | 'delete';
  reason?: 'deletedInSource' | 'missingFromFullRead' | 'leftScope' | 'joined';
  kind: Kind;
  anchor: string;
  name: string;
  dn?: string;
  changes?: PropertyChange[];
  manager?: [string | null, string | null];
  membersAdded: number;
  membersRemoved: number;
}

export interface PlanReport {
  summary: PlanSummary;
  items: PlanItem[];
  truncated: boolean;
  errors: SyncError[];
}

/** How an entry of the directory comes to be what it is in the cloud. */
export interface Explanation {
  anchor: string;
  dn?: string;
  name: string;
  scope:
    | { kind: 'inScope'; object: Kind }
    | { kind: 'outOfScope'; reason: string }
    | { kind: 'gone'; reason: NonNullable<PlanItem['reason']> };
  values?: { property: string; rule: string; value?: PropertyValue }[];
  inCloud: boolean;
  next: { kind: 'nothing' } | { kind: 'planned'; item: PlanItem } | { kind: 'triedAgain'; at: Instant };
  errors?: SyncError[];
}

export interface SyncStatus {
  /** null: no client ever synced; false: it was turned off. */
  enabled: boolean | null;
  lastSync: Instant | null;
  lastImport: Instant | null;
  lastExport: Instant | null;
  lastContact: Instant | null;
  staleAfterSeconds: number;
  stale: boolean;
  passwordSyncEnabled: boolean;
  lastPasswordSync: Instant | null;
  passwordStale: boolean;
  clientVersion: string | null;
  latestVersion: string;
  updateAvailable: boolean;
  downloadUrl: string;
  serviceAccount: string | null;
  machine: string | null;
  source: string | null;
  clientState: ClientState | null;
  clientDetail: string | null;
  clientConnected: boolean;
  cycleSeconds: number | null;
  nextCycle: Instant | null;
  connectorSpaceObjects: number | null;
  pending: { additions: number; updates: number; deletions: number } | null;
  heldPlan: PlanSummary | null;
  timetable: Timetable;
}

export interface DriftCounts {
  added: number;
  changed: number;
  removed: number;
}

/** What a read of the whole directory found that had been missed. */
export interface Drift {
  users: DriftCounts;
  groups: DriftCounts;
}

/** What the sync client does by the clock. */
export interface Timetable {
  lastFullRead?: Instant;
  nextFullRead?: Instant;
  drift?: Drift;
  maintenanceUntil?: Instant;
  nextMaintenance?: Instant;
}

export interface Status {
  now: Instant;
  tenant: { id: string; displayName: string; initialDomain: string };
  summary: { state: SummaryState; sentence: string };
  sync: SyncStatus;
  domains: { verified: number; notVerified: number };
  objects: {
    users: number;
    syncedUsers: number;
    groups: number;
    syncedGroups: number;
    memberships: number;
    deleted: number;
  };
  errors: { total: number; usersWithErrors: number; byCategory: Partial<Record<ErrorCategory, number>>; ignored: number };
  clients: {
    id: string;
    serviceAccount: string;
    machine: string | null;
    version: string | null;
    state: ClientState | null;
    lastContact: Instant | null;
    connected: boolean;
    source?: string | null;
    detail?: string | null;
    pending?: { additions: number; updates: number; deletions: number } | null;
    /** null: it takes part in no lease. */
    role?: ClientRole | null;
    /** The newest lease that it has or had. */
    lease?: ClientLease | null;
  }[];
  /** Settings in which clients of one source differ. */
  configurationDifferences?: ConfigurationDifference[];
}

export type ClientRole = 'active' | 'standby';

/** The right to write, as one client has or had it. */
export interface ClientLease {
  name: string;
  epoch: number;
  takenAt: Instant;
  renewedAt: Instant;
  ageSeconds: number;
  endedAt: Instant | null;
}

export interface ConfigurationDifference {
  lease: string;
  setting: string;
  values: { client: string; serviceAccount: string; machine: string; value: string | null }[];
}

export const errorCategories = [
  'DuplicateAttribute',
  'DataMismatch',
  'DataValidation',
  'LargeAttribute',
  'Reference',
  'Other',
] as const;
export type ErrorCategory = (typeof errorCategories)[number];
export type Severity = 'blocked' | 'degraded' | 'notice';

export interface ObjectRef {
  kind?: Kind | null;
  id?: string | null;
  anchor?: string | null;
  name: string;
  dn?: string | null;
}

export interface SyncError {
  code: string;
  object: ObjectRef;
  other?: ObjectRef | null;
  property?: string | null;
  value?: string | null;
  valueInForce?: string | null;
  message: string;
  remedy: string;
}

export interface ErrorRow extends SyncError {
  id: number;
  category: ErrorCategory;
  severity: Severity;
  firstSeen: Instant;
  lastSeen: Instant;
  attempts: number;
  docs: string;
  /** Who does not want to see it until what it is about changes. */
  ignored?: { by: string; at: Instant };
}

export const shownErrors = ['open', 'ignored', 'all'] as const;
export type ShownErrors = (typeof shownErrors)[number];

export type Fix = 'moveAnchor' | 'dropValue';

/** What a fix would do, or did. */
export interface FixOutcome {
  fix: Fix;
  changes: HistoryRow[];
  errors: SyncError[];
  /** If not, the error goes when the sync client sends the object again. */
  cured: boolean;
  /** Why it must be confirmed; empty where it need not be. */
  privileged: string[];
}

export interface FixApplied extends FixOutcome {
  retry: 'notNeeded' | 'done' | 'later';
}

/** A change of the directory that cures an error. */
export interface EntryChange {
  object: ObjectRef;
  dn: string;
  /** The entry of the other object: the one that has the value now. */
  holds: boolean;
  attribute: string;
  certain: boolean;
  ldif: string;
}

export interface Fixes {
  error: ErrorRow;
  etag: string;
  fixes: FixOutcome[];
  entries: EntryChange[];
}

export interface ErrorPage {
  value: ErrorRow[];
  count: number;
  next?: string | null;
}

export type RunResult =
  | 'success'
  | 'completedWithErrors'
  | 'stoppedDeletionThresholdExceeded'
  | 'stoppedImport'
  | 'stoppedExport'
  | 'staged';

export interface Run {
  client: string;
  id: string;
  trigger: 'cycle' | 'order' | 'live' | 'start' | 'takeOver';
  startedAt: Instant;
  endedAt: Instant;
  result: RunResult;
  error?: string | null;
  steps: { name: string; millis: number; objects: number }[];
  counts: Partial<Record<Kind, Record<string, number>>>;
  membersAdded: number;
  membersRemoved: number;
  objectErrors: number;
  drift?: Drift;
}

/** What the runs did that ended within one part of a time. */
export interface ActivityPart {
  at: Instant;
  runs: number;
  failed: number;
  created: number;
  updated: number;
  deleted: number;
  /** Links added and removed. */
  members: number;
  workMillis: number;
  longestMillis: number;
}

export interface ActivityAnswer {
  from: Instant;
  to: Instant;
  stepSeconds: number;
  value: ActivityPart[];
}

export const historyOutcomes = [
  'created',
  'matched',
  'restored',
  'updated',
  'deleted',
  'refused',
  'membership',
  'recalculated',
  'purged',
  'errorIgnored',
  'errorShown',
] as const;
export type HistoryOutcome = (typeof historyOutcomes)[number];

export interface HistoryMember {
  anchor?: string;
  id?: string;
  name?: string;
}

/** One change of one object. */
export interface HistoryRow {
  id: number;
  at: Instant;
  run?: string;
  /** Absent where the tenant did it by itself. */
  client?: string;
  /** The person or program that did it in the cloud. */
  actor?: string;
  object: { kind: Kind; id?: string; anchor?: string; name: string };
  outcome: HistoryOutcome;
  changes?: { property: string; before?: PropertyValue; after?: PropertyValue; rule?: string }[];
  errors?: string[];
  membersAdded?: number;
  membersRemoved?: number;
  added?: HistoryMember[];
  removed?: HistoryMember[];
}

export interface HistoryPage {
  value: HistoryRow[];
  next?: string;
}

export interface DoctorCheck {
  name: string;
  title: string;
  result: 'pass' | 'warn' | 'fail' | 'skipped';
  detail: string;
  remedy?: string | null;
  millis: number;
}

export interface Doctor {
  checks: DoctorCheck[];
  clientConnected: boolean;
}

export type Order =
  | { order: 'syncNow'; full: boolean }
  | { order: 'pause' }
  | { order: 'resume' }
  | { order: 'preview'; limit: number }
  | { order: 'approve'; digest: string }
  | { order: 'explain'; object: string }
  | { order: 'handOver' };

export type OrderAnswer =
  | { answer: 'accepted' }
  | { answer: 'refused'; reason: string }
  | { answer: 'plan'; plan: PlanReport }
  | { answer: 'explanation'; explanation: Explanation };
