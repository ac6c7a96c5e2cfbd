// The names of states, kinds, errors and outcomes, in English.
import type { ClientRole, ClientState, DoctorCheck, ErrorCategory, Kind, PlanItem, Run, RunResult, Severity, SummaryState } from '../../api/types';

export const states: Record<SummaryState, string> = {
  never: 'Not set up',
  inStep: 'In step',
  working: 'Working',
  attention: 'Needs attention',
  held: 'Held',
  stopped: 'Stopped',
  stale: 'Out of date',
  paused: 'Paused',
  off: 'Turned off',
};

export const clientStates: Record<ClientState, string> = {
  starting: 'Starting',
  importing: 'Importing',
  exporting: 'Exporting',
  live: 'Following changes live',
  idle: 'Waiting for the next cycle',
  paused: 'Paused',
  held: 'Held by the deletion guard',
  failed: 'Last cycle failed',
  standby: 'Standing by',
};

export const roles: Record<ClientRole, string> = { active: 'Active: it writes', standby: 'Stand-by: it follows and writes nothing' };

export const categories: Record<ErrorCategory, string> = {
  DuplicateAttribute: 'Duplicate attribute',
  DataMismatch: 'Data mismatch',
  DataValidation: 'Data validation',
  LargeAttribute: 'Large attribute',
  Reference: 'Reference',
  Other: 'Other',
};

export const codes: Record<string, string> = {
  PropertyConflict: 'Value already in use, put aside',
  AttributeValueMustBeUnique: 'Value already in use, object refused',
  InvalidSoftMatch: 'Address belongs to another synced object',
  InvalidHardMatch: 'Object may not be taken over',
  ObjectTypeMismatch: 'Matching object is of another kind',
  DataValidationFailed: 'Value has a wrong form',
  ExceededAllowedLength: 'Value too long',
  DomainNotVerified: 'Domain not verified',
  UnresolvedReference: 'Reference leads nowhere',
  CircularNesting: 'Groups contain each other',
  NoMailAddress: 'No mail address',
  QuotaExceeded: 'Object quota exceeded',
  DeletingCloudOnlyObjectNotAllowed: 'Cloud-only object may not be deleted',
  MappingFailed: 'Entry cannot be mapped',
  AmbiguousJoin: 'Owner cannot be told',
};

export const severities: Record<Severity, string> = { blocked: 'Blocked', degraded: 'Degraded', notice: 'Notice' };

export const severityMeanings: Record<Severity, string> = {
  blocked: 'The object is not in the cloud, or its changes do not arrive.',
  degraded: 'The object is in the cloud, with a value replaced or left out.',
  notice: 'The object is in the cloud as it is in the source; the source looks wrong.',
};

export const kinds: Record<Kind, string> = { user: 'User', group: 'Group', contact: 'Contact', device: 'Device' };

export const triggers: Record<Run['trigger'], string> = {
  cycle: 'Schedule',
  order: 'Order',
  live: 'Live changes',
  start: 'Client start',
  takeOver: 'Take-over',
};

export const results: Record<RunResult, string> = {
  success: 'Success',
  completedWithErrors: 'Completed with errors',
  stoppedDeletionThresholdExceeded: 'Stopped: deletion threshold exceeded',
  stoppedImport: 'Stopped: import failed',
  stoppedExport: 'Stopped: export failed',
  staged: 'Stand-by: nothing written',
};

export const checks: Record<DoctorCheck['result'], string> = {
  pass: 'Passed',
  warn: 'Warning',
  fail: 'Failed',
  skipped: 'Not made',
};

export const actions: Record<PlanItem['action'], string> = { create: 'Create', update: 'Update', delete: 'Delete' };

export const reasons: Record<NonNullable<PlanItem['reason']>, string> = {
  deletedInSource: 'Deleted in the source',
  missingFromFullRead: 'Missing from a full read',
  leftScope: 'Left the scope',
  joined: 'Joined to another object',
};
