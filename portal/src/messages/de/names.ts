// Die Namen von Zuständen, Arten, Fehlern und Ergebnissen.
import type { ClientRole, ClientState, ErrorCategory, HistoryOutcome, Kind, PlanItem, Severity, SummaryState } from '../../api/types';

export const states: Record<SummaryState, string> = {
  never: 'Nicht eingerichtet',
  inStep: 'Im Gleichschritt',
  working: 'In Arbeit',
  attention: 'Braucht Aufmerksamkeit',
  held: 'Angehalten',
  stopped: 'Gestoppt',
  stale: 'Veraltet',
  paused: 'Pausiert',
  off: 'Ausgeschaltet',
};

export const clientStates: Record<ClientState, string> = {
  starting: 'Startet',
  importing: 'Importiert',
  exporting: 'Exportiert',
  live: 'Folgt Änderungen live',
  idle: 'Wartet auf den nächsten Zyklus',
  paused: 'Pausiert',
  held: 'Vom Löschschutz angehalten',
  failed: 'Letzter Zyklus fehlgeschlagen',
  standby: 'In Bereitschaft',
};

export const roles: Record<ClientRole, string> = { active: 'Aktiv: er schreibt', standby: 'Bereitschaft: er folgt und schreibt nichts' };

export const categories: Record<ErrorCategory, string> = {
  DuplicateAttribute: 'Doppeltes Attribut',
  DataMismatch: 'Daten passen nicht',
  DataValidation: 'Datenprüfung',
  LargeAttribute: 'Zu großes Attribut',
  Reference: 'Verweis',
  Other: 'Sonstiges',
};

export const codes: Record<string, string> = {
  PropertyConflict: 'Wert schon vergeben, beiseitegelegt',
  AttributeValueMustBeUnique: 'Wert schon vergeben, Objekt abgelehnt',
  InvalidSoftMatch: 'Adresse gehört zu einem anderen synchronisierten Objekt',
  InvalidHardMatch: 'Objekt darf nicht übernommen werden',
  ObjectTypeMismatch: 'Passendes Objekt ist von anderer Art',
  DataValidationFailed: 'Wert hat eine falsche Form',
  ExceededAllowedLength: 'Wert zu lang',
  DomainNotVerified: 'Domäne nicht bestätigt',
  UnresolvedReference: 'Verweis führt ins Leere',
  CircularNesting: 'Gruppen enthalten einander',
  NoMailAddress: 'Keine E-Mail-Adresse',
  QuotaExceeded: 'Höchstzahl der Objekte überschritten',
  DeletingCloudOnlyObjectNotAllowed: 'Objekt der Cloud darf nicht gelöscht werden',
  MappingFailed: 'Eintrag lässt sich nicht abbilden',
  AmbiguousJoin: 'Zugehörigkeit nicht eindeutig',
};

export const severities: Record<Severity, string> = { blocked: 'Blockiert', degraded: 'Eingeschränkt', notice: 'Hinweis' };

export const severityMeanings: Record<Severity, string> = {
  blocked: 'Das Objekt ist nicht in der Cloud, oder seine Änderungen kommen nicht an.',
  degraded: 'Das Objekt ist in der Cloud; ein Wert wurde ersetzt oder weggelassen.',
  notice: 'Das Objekt ist in der Cloud, wie es in der Quelle ist; die Quelle sieht falsch aus.',
};

export const kinds: Record<Kind, string> = { user: 'Benutzer', group: 'Gruppe', contact: 'Kontakt', device: 'Gerät' };
export const kindCounts: Record<Kind, string> = { user: 'Benutzer', group: 'Gruppen', contact: 'Kontakte', device: 'Geräte' };

export const actions: Record<PlanItem['action'], string> = { create: 'Anlegen', update: 'Ändern', delete: 'Löschen' };

export const reasons: Record<NonNullable<PlanItem['reason']>, string> = {
  deletedInSource: 'In der Quelle gelöscht',
  missingFromFullRead: 'Fehlt in einem vollständigen Import',
  leftScope: 'Hat den Bereich verlassen',
  joined: 'Mit einem anderen Objekt verbunden',
};

export const outcomes: Record<HistoryOutcome, string> = {
  created: 'Angelegt',
  matched: 'Übernommen',
  restored: 'Wiederhergestellt',
  updated: 'Geändert',
  deleted: 'Gelöscht',
  refused: 'Abgelehnt',
  membership: 'Mitglieder geändert',
  recalculated: 'Neu bestimmt',
  purged: 'Endgültig gelöscht',
  errorIgnored: 'Fehler ignoriert',
  errorShown: 'Fehler wieder gezeigt',
};
