// Jedes Wort des Portals auf Deutsch. Dieselbe Form wie en.ts, was der Typ verlangt; geladen nur, wenn es gewählt ist.
// Namen, die Administratoren aus dem Microsoft 365 Admin Center kennen, sind die dortigen.
import type { ClientRole, ClientState, ErrorCategory, HistoryOutcome, Kind, PlanItem, Severity, Status, SummaryState } from '../api/types';
import type { Messages } from './en';

const locale = 'de';
const numberFormat = new Intl.NumberFormat(locale);
const number = (n: number) => numberFormat.format(n);
const plural = (n: number, one: string, many: string) => `${number(n)} ${n === 1 ? one : many}`;

const states: Record<SummaryState, string> = {
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

const clientStates: Record<ClientState, string> = {
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

const roles: Record<ClientRole, string> = { active: 'Aktiv: er schreibt', standby: 'Bereitschaft: er folgt und schreibt nichts' };

const categories: Record<ErrorCategory, string> = {
  DuplicateAttribute: 'Doppeltes Attribut',
  DataMismatch: 'Daten passen nicht',
  DataValidation: 'Datenprüfung',
  LargeAttribute: 'Zu großes Attribut',
  Reference: 'Verweis',
  Other: 'Sonstiges',
};

const codes: Record<string, string> = {
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

const severities: Record<Severity, string> = { blocked: 'Blockiert', degraded: 'Eingeschränkt', notice: 'Hinweis' };

const severityMeanings: Record<Severity, string> = {
  blocked: 'Das Objekt ist nicht in der Cloud, oder seine Änderungen kommen nicht an.',
  degraded: 'Das Objekt ist in der Cloud; ein Wert wurde ersetzt oder weggelassen.',
  notice: 'Das Objekt ist in der Cloud, wie es in der Quelle ist; die Quelle sieht falsch aus.',
};

const kinds: Record<Kind, string> = { user: 'Benutzer', group: 'Gruppe', contact: 'Kontakt', device: 'Gerät' };
const kindCounts: Record<Kind, string> = { user: 'Benutzer', group: 'Gruppen', contact: 'Kontakte', device: 'Geräte' };

const actions: Record<PlanItem['action'], string> = { create: 'Anlegen', update: 'Ändern', delete: 'Löschen' };

const reasons: Record<NonNullable<PlanItem['reason']>, string> = {
  deletedInSource: 'In der Quelle gelöscht',
  missingFromFullRead: 'Fehlt in einem vollständigen Import',
  leftScope: 'Hat den Bereich verlassen',
  joined: 'Mit einem anderen Objekt verbunden',
};

const outcomes: Record<HistoryOutcome, string> = {
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

/** Der Satz des Servers ist englisch; dieser sagt dasselbe aus denselben Zahlen. */
function sentence({ summary, sync, errors }: Status): string {
  switch (summary.state) {
    case 'never':
      return 'Noch hat kein Sync-Client synchronisiert.';
    case 'off':
      return 'Die Verzeichnissynchronisierung ist ausgeschaltet.';
    case 'inStep':
      return 'Die Cloud ist, wie das Verzeichnis ist.';
    case 'working': {
      const waiting = sync.pending ? sync.pending.additions + sync.pending.updates + sync.pending.deletions : 0;
      return waiting > 0 ? `${plural(waiting, 'Änderung wird', 'Änderungen werden')} geschrieben.` : 'Das Verzeichnis wird gelesen.';
    }
    case 'attention':
      return errors.usersWithErrors > 0
        ? `Im Gleichschritt, ${plural(errors.usersWithErrors, 'Person hat', 'Personen haben')} Fehler.`
        : `Im Gleichschritt, mit ${plural(errors.total, 'Fehler', 'Fehlern')}.`;
    case 'held': {
      const deletions = Object.values(sync.heldPlan?.counts ?? {}).reduce((sum, counts) => sum + counts.delete, 0);
      return deletions > 0
        ? `${plural(deletions, 'Löschung wartet', 'Löschungen warten')} auf Genehmigung.`
        : 'Ein Plan wartet auf Genehmigung.';
    }
    case 'stopped':
      if (!sync.clientConnected) return 'Der Sync-Client ist nicht verbunden.';
      return sync.clientDetail ? `Der Sync-Client sagt: ${sync.clientDetail}` : 'Der letzte Zyklus ist fehlgeschlagen.';
    case 'stale':
      return 'Die letzte Synchronisierung liegt zu lange zurück.';
    case 'paused':
      return 'Der Sync-Client schreibt nichts.';
  }
}

export const de: Messages = {
  locale,
  dateLocale: 'de-DE',
  number,
  product: 'Lockstep',
  never: 'Nie',
  none: 'Keine',
  yes: 'Ja',
  no: 'Nein',
  unknown: 'Unbekannt',
  loading: 'Wird geladen',
  close: 'Schließen',
  cancel: 'Abbrechen',
  retry: 'Erneut versuchen',
  reload: 'Seite neu laden',
  more: 'Weitere Befehle',
  copy: 'Kopieren',
  copied: 'Kopiert',
  copyOf: (what) => `${what} kopieren`,
  refresh: 'Aktualisieren',
  showMore: 'Mehr anzeigen',
  commands: 'Befehle',
  title: (page) => `${page} - Lockstep`,
  kind: (kind) => (kind ? kinds[kind] : 'Objekt'),
  kindCounts,
  rangeOf: (from, to, of) => (of === undefined ? `${number(from)} bis ${number(to)}` : `${number(from)} bis ${number(to)} von ${number(of)}`),

  signIn: {
    title: 'Anmelden',
    user: 'Benutzername',
    password: 'Kennwort',
    submit: 'Anmelden',
    working: 'Sie werden angemeldet…',
    withLink: 'Ihr einmaliger Anmeldelink wird verwendet…',
    hint: 'Kein Konto oder Kennwort? Auf dem Server gibt „lockstep user link NAME“ einen Link aus, der einmal anmeldet.',
    missing: 'Geben Sie Benutzername und Kennwort ein.',
    wrong: 'Benutzername und Kennwort passen nicht zusammen. Prüfen Sie beide; ein neues Kennwort setzt auf dem Server „lockstep user add NAME --password-file DATEI“.',
    linkUsed: 'Dieser Anmeldelink wurde schon verwendet oder ist zu alt. Holen Sie auf dem Server einen neuen mit „lockstep user link NAME“, oder melden Sie sich mit Ihrem Kennwort an.',
    tooMany: (seconds) =>
      `Zu viele Anmeldungen sind gescheitert. Warten Sie ${seconds === null ? 'eine Minute' : plural(seconds, 'Sekunde', 'Sekunden')} und versuchen Sie es dann erneut.`,
    signedOut: 'Sie sind abgemeldet.',
  },

  shell: {
    skip: 'Zum Hauptinhalt springen',
    header: 'Portal',
    nav: 'Hauptnavigation',
    openNav: 'Navigation öffnen',
    account: (user) => `Konto von ${user}`,
    role: { admin: 'Administrator', reader: 'Leser', syncClient: 'Sync-Client', scim: 'SCIM' },
    signOut: 'Abmelden',
    language: 'Sprache',
    search: 'Suche und Befehle',
    help: 'Hilfe zu dieser Seite',
    print: 'Drucken',
    report: (tenant, when) => `Statusbericht von ${tenant}, ${when}`,
    theme: 'Design',
    themes: { system: 'Wie das System', light: 'Hell', dark: 'Dunkel', contrast: 'Hoher Kontrast' },
    connection: { connecting: 'Verbindet…', live: 'Live', lost: 'Verbindet erneut…' },
    connectionLong: {
      connecting: 'Die Verbindung zum Server für Live-Änderungen wird hergestellt',
      live: 'Diese Seite folgt Änderungen, wenn sie geschehen',
      lost: 'Die Verbindung für Live-Änderungen ist verloren und wird neu versucht. Die Seite wird alle paar Sekunden neu geholt.',
    },
  },

  nav: {
    home: 'Startseite',
    users: 'Benutzer',
    activeUsers: 'Aktive Benutzer',
    groups: 'Gruppen',
    contacts: 'Kontakte',
    devices: 'Geräte',
    deleted: 'Gelöscht',
    settings: 'Einstellungen',
    domains: 'Domänen',
    dirsync: 'Verzeichnissynchronisierung',
    status: 'Status',
    plan: 'Vorschau',
    planPage: 'Vorschau und Genehmigung',
    errors: 'Fehler',
    runs: 'Läufe',
    precheck: 'Vorabprüfung',
    rules: 'Regeln',
    troubleshooter: 'Problembehandlung',
    access: 'Zugang und Einstellungen',
  },

  failure: {
    title: 'Das konnte nicht geladen werden',
    unreachable: 'Der Server antwortet nicht. Prüfen Sie, ob „lockstep server“ oder „lockstep up“ läuft und ob dieser Rechner ihn erreicht.',
    forbiddenTitle: 'Das dürfen Sie nicht sehen',
    forbidden: 'Ihre Rolle umfasst diese Seite nicht. Bitten Sie einen Administrator um die Rolle reader oder admin („lockstep user add NAME --role reader“ auf dem Server).',
    notFoundTitle: 'Diese Seite gibt es nicht',
    notFound: 'Die Adresse ist vielleicht falsch geschrieben, oder die Seite ist umgezogen.',
    goHome: 'Zur Startseite',
    crashTitle: 'Auf dieser Seite ist etwas schiefgegangen',
    crash: 'Laden Sie die Seite neu. Hilft das nicht, sind Portal und Server vielleicht von verschiedenen Versionen: Laden Sie ohne den Zwischenspeicher neu.',
    request: (id) => `Anfrage ${id}`,
    readerOnly: 'Ihre Rolle ist Leser: Sie können hier alles ansehen und nichts ändern. Ein Administrator kann es.',
  },

  states,
  sentence,
  clientStates,
  categories,
  code: (code) => codes[code] ?? code,
  severities,
  severityMeanings,
  triggers: { cycle: 'Zeitplan', order: 'Auftrag', live: 'Live-Änderungen', start: 'Start des Clients', takeOver: 'Übernahme' },
  results: {
    success: 'Erfolg',
    completedWithErrors: 'Mit Fehlern abgeschlossen',
    stoppedDeletionThresholdExceeded: 'Gestoppt: Löschgrenze überschritten',
    stoppedImport: 'Gestoppt: Import fehlgeschlagen',
    stoppedExport: 'Gestoppt: Export fehlgeschlagen',
    staged: 'Bereitschaft: nichts geschrieben',
  },
  checks: { pass: 'Bestanden', warn: 'Warnung', fail: 'Fehlgeschlagen', skipped: 'Nicht gemacht' },
  actions,
  reasons,

  home: {
    title: 'Startseite',
    welcome: (tenant) => tenant,
    dirsync: 'DirSync-Status',
    lastSync: 'Letzte Synchronisierung',
    lastExport: 'Letzter Export',
    errors: 'Fehler',
    errorsCount: (n) => (n === 0 ? 'Keine' : plural(n, 'Objektfehler', 'Objektfehler')),
    manage: 'Verzeichnissynchronisierung verwalten',
    setUp: 'Verzeichnissynchronisierung einrichten',
    userManagement: 'Benutzerverwaltung',
    users: 'Benutzer',
    groups: 'Gruppen',
    usersWithErrors: 'Mit Fehlern',
    syncedOf: (synced) => `${number(synced)} synchronisiert`,
    activeUsers: 'Zu den aktiven Benutzern',
    domains: 'Domänen',
    verified: 'Bestätigt',
    notVerified: 'Nicht bestätigt',
    noDomains: 'Noch keine Domänen.',
    defaultDomain: 'Standard',
    moreDomains: (n) => `und ${number(n)} weitere`,
    manageDomains: 'Domänen verwalten',
    runs: 'Letzte Läufe',
    allRuns: 'Alle Läufe',
    noRuns: 'Noch kein Lauf.',
    runsChart: 'Dauer der letzten Läufe, älteste zuerst',
    runBar: (when, result, took) => `${when}: ${result}, ${took}`,
    lastRun: 'Letzter Lauf',
    longest: (took) => `Längster ${took}`,
  },

  users: {
    title: 'Aktive Benutzer',
    intro: 'Personen Ihrer Organisation, aus Ihrem Verzeichnis und aus der Cloud.',
    search: 'Benutzer suchen',
    searchHint: 'Nach Name oder E-Mail suchen',
    columns: {
      displayName: 'Anzeigename',
      userPrincipalName: 'Benutzername',
      sync: 'Synchronisierung',
      mail: 'E-Mail',
      department: 'Abteilung',
      jobTitle: 'Position',
      companyName: 'Firma',
      officeLocation: 'Büro',
      city: 'Ort',
      country: 'Land',
      employeeId: 'Personalnummer',
      enabled: 'Anmeldung',
      created: 'Erstellt',
      lastSync: 'Zuletzt synchronisiert',
    },
    synced: 'Aus dem Verzeichnis',
    cloud: 'In der Cloud',
    view: 'Ansicht',
    views: { all: 'Alle Benutzer', synced: 'Aus dem Verzeichnis', cloud: 'In der Cloud', errors: 'Benutzer mit Fehlern' },
    banner: (n) => (n === 1 ? 'Ein Konto hat Fehler der Verzeichnissynchronisierung.' : `${number(n)} Konten haben Fehler der Verzeichnissynchronisierung.`),
    bannerLink: 'Benutzer mit Fehlern anzeigen',
    dirsync: 'Verzeichnissynchronisierung',
    empty: 'Noch keine Benutzer',
    emptyHint: 'Benutzer erscheinen hier mit der ersten Synchronisierung.',
    emptyFiltered: 'Kein Benutzer passt',
    emptyFilteredHint: 'Ändern Sie die Suche oder die Ansicht.',
    clear: 'Suche und Ansicht zurücksetzen',
    count: (n) => (n === undefined ? '' : plural(n, 'Benutzer', 'Benutzer')),
    first: 'Zum Anfang',
    loadingMore: 'Weitere werden geladen…',
    loadFailed: 'Die nächsten Zeilen konnten nicht geladen werden. Erneut versuchen',
    gridLabel: 'Benutzer',
    open: (name) => `Details von ${name}`,
    details: 'Details des Benutzers',
    gone: 'Diesen Benutzer gibt es nicht mehr',
    goneHint: 'Er wurde gelöscht, oder die Adresse gehört zu einem anderen Mandanten.',
    sections: { profile: 'Profil', sync: 'Synchronisierung', errors: 'Fehler', groups: 'Gruppen' },
    noErrors: 'Keine Fehler.',
    readOnly: 'Eigenschaften aus dem Verzeichnis werden dort geändert.',
    signInAllowed: 'Anmeldung erlaubt',
    signInBlocked: 'Anmeldung gesperrt',
    manager: 'Vorgesetzte(r)',
    memberOfMore: (n) => `und ${number(n)} weitere`,
    properties: {
      displayName: 'Anzeigename',
      userPrincipalName: 'Benutzername',
      accountEnabled: 'Konto',
      givenName: 'Vorname',
      surname: 'Nachname',
      mail: 'E-Mail',
      proxyAddresses: 'Adressen',
      jobTitle: 'Position',
      department: 'Abteilung',
      companyName: 'Firma',
      officeLocation: 'Büro',
      city: 'Ort',
      country: 'Land',
      businessPhones: 'Telefon',
      mobilePhone: 'Mobiltelefon',
      employeeId: 'Personalnummer',
      preferredLanguage: 'Sprache',
      employeeType: 'Art der Beschäftigung',
      faxNumber: 'Fax',
      homePhones: 'Telefon privat',
      mailNickname: 'Alias',
      postalCode: 'Postleitzahl',
      state: 'Bundesland',
      streetAddress: 'Straße',
      id: 'Objekt-ID',
      description: 'Beschreibung',
      onPremisesSyncEnabled: 'Synchronisierung',
      onPremisesLastSyncDateTime: 'Zuletzt synchronisiert',
      onPremisesDistinguishedName: 'Distinguished Name',
      onPremisesSamAccountName: 'Kontoname in der Quelle',
      onPremisesUserPrincipalName: 'Benutzername in der Quelle',
      onPremisesImmutableId: 'Quellanker',
      createdDateTime: 'Erstellt',
      securityEnabled: 'Sicherheitsgruppe',
      mailEnabled: 'E-Mail-aktiviert',
      operatingSystem: 'Betriebssystem',
      operatingSystemVersion: 'Version',
      deviceId: 'Geräte-ID',
      trustType: 'Art des Beitritts',
      manufacturer: 'Hersteller',
      model: 'Modell',
      deviceOwnership: 'Eigentum',
      usageLocation: 'Nutzungsort',
      ignored: 'Ignoriert',
    },
  },

  groups: {
    title: 'Gruppen',
    intro: 'Gruppen Ihrer Organisation und ihre Mitglieder.',
    search: 'Gruppen suchen',
    searchHint: 'Nach Name oder E-Mail suchen',
    columns: {
      displayName: 'Name',
      sync: 'Synchronisierung',
      mail: 'E-Mail',
      description: 'Beschreibung',
      type: 'Art',
      created: 'Erstellt',
      lastSync: 'Zuletzt synchronisiert',
    },
    types: { mailSecurity: 'E-Mail-aktivierte Sicherheit', security: 'Sicherheit', mail: 'Verteiler', other: 'Andere' },
    views: { all: 'Alle Gruppen', synced: 'Aus dem Verzeichnis', cloud: 'In der Cloud', errors: 'Gruppen mit Fehlern' },
    empty: 'Noch keine Gruppen',
    emptyHint: 'Gruppen erscheinen hier mit der ersten Synchronisierung.',
    emptyFiltered: 'Keine Gruppe passt',
    count: (n) => (n === undefined ? '' : plural(n, 'Gruppe', 'Gruppen')),
    gridLabel: 'Gruppen',
    details: 'Details der Gruppe',
    gone: 'Diese Gruppe gibt es nicht mehr',
    members: (n) => (n === undefined ? 'Mitglieder' : `Mitglieder (${number(n)})`),
    noMembers: 'Keine Mitglieder.',
    membersMore: (n) => `und ${number(n)} weitere`,
  },

  pane: {
    title: 'Verzeichnissynchronisierung',
    intro: 'Die Verzeichnissynchronisierung bringt Benutzer und Gruppen aus Ihrem Verzeichnis in die Cloud und hält sie im Gleichschritt.',
    go: 'Zur DirSync-Verwaltung',
    client: 'Sync-Client',
  },


  setup: {
    title: 'Verzeichnissynchronisierung einrichten',
    intro: 'Lockstep liest Ihr Verzeichnis und hält dessen Benutzer und Gruppen mit dem Cloudverzeichnis im Gleichschritt, live. In die Quelle wird nie geschrieben.',
    waiting: 'Noch hat kein Sync-Client synchronisiert. Diese Seite ändert sich von selbst, wenn die erste Synchronisierung gesehen wird.',
    waitingShort: 'Die Verzeichnissynchronisierung ist nicht eingerichtet: Noch hat kein Sync-Client synchronisiert.',
    seen: (objects) => `Erste Synchronisierung gesehen: ${plural(objects, 'Objekt ist', 'Objekte sind')} im Cloudverzeichnis.`,
    guideTitle: 'Benutzer hinzufügen oder synchronisieren',
    guideText: 'Von nichts zu einer laufenden Synchronisierung, Schritt für Schritt: der Client, das Verzeichnis, wer in die Cloud geht, was nicht stimmt, bevor es geschrieben wird, und eine Vorschau.',
    guide: 'Einrichtung öffnen',
    stepsTitle: 'Drei Wege zum Start',
    steps: [
      {
        title: 'Das Beispiel ausprobieren',
        text: 'Auf einem Debian-Rechner mit einem Klon des Projekts: Ein Befehl richtet ein Verzeichnis mit tausend Personen ein, synchronisiert es und meldet Sie an.',
        command: './quickstart',
      },
      {
        title: 'Ein Rechner',
        text: 'Schreiben Sie eine Konfiguration, die Ihr Verzeichnis nennt, prüfen Sie sie, und starten Sie dann den Server mit eigenem Sync-Client.',
        command: 'lockstep config init > lockstep.toml\nlockstep config check\nlockstep up',
      },
      {
        title: 'Ein eigener Client',
        text: 'Erzeugen Sie auf dem Server ein Token für den Client. Laden Sie auf dem Rechner neben dem Verzeichnis das Programm herunter, setzen Sie das Token in seine Konfiguration und starten Sie ihn. Er braucht nur ausgehendes HTTPS.',
        command: 'lockstep token create Sync_dc1 --role sync-client\nlockstep sync run',
      },
    ],
    download: 'Sync-Client herunterladen',
    checksum: 'SHA-256-Prüfsumme',
    version: (version) => `Version ${version}, für Rechner wie den Server`,
  },

  dirsync: {
    title: 'Verzeichnissynchronisierung verwalten',
    items: {
      domainsVerified: 'Bestätigte Domänen',
      domainsNotVerified: 'Nicht bestätigte Domänen',
      enabled: 'Verzeichnissynchronisierung aktiviert',
      latest: 'Letzte Verzeichnissynchronisierung',
      passwordEnabled: 'Kennwortsynchronisierung aktiviert',
      lastPassword: 'Letzte Kennwortsynchronisierung',
      version: 'Version des Sync-Clients',
      account: 'Dienstkonto der Synchronisierung',
    },
    itemsTitle: 'Status',
    clientTitle: 'Sync-Client',
    lastImport: 'Letzter Import',
    lastExport: 'Letzter Export',
    lastContact: 'Letzter Kontakt',
    nextCycle: 'Nächster Zyklus',
    cycle: (seconds) => `alle ${seconds % 60 === 0 ? plural(seconds / 60, 'Minute', 'Minuten') : plural(seconds, 'Sekunde', 'Sekunden')}`,
    machine: 'Rechner des Clients',
    state: 'Zustand des Clients',
    source: 'Quelle',
    pending: 'Wartende Änderungen',
    pendingText: (a, u, d) => (a + u + d === 0 ? 'Keine' : `${number(a)} anzulegen, ${number(u)} zu ändern, ${number(d)} zu löschen`),
    inConnectorSpace: (n) => `${plural(n, 'Objekt', 'Objekte')} im Connectorbereich`,
    commands: 'Befehle',
    fullRead: 'Letzter vollständiger Import',
    nextFullRead: 'Nächster vollständiger Import',
    drift: (n) => (n === 0 ? 'nichts war entgangen' : `${plural(n, 'Unterschied war', 'Unterschiede waren')} entgangen`),
    maintenance: 'Wartung',
    maintenanceUntil: 'Es wird nichts geschrieben; sie endet',
    maintenanceNext: 'Nächste:',
    notConnected: 'Nicht verbunden',
    neverEnabled: 'Nie eingerichtet',
    notScheduled: 'Nicht geplant',
    stale: (days) => `Die letzte Verzeichnissynchronisierung liegt mehr als ${days} zurück.`,
    passwordStale: (days) => `Die letzte Kennwortsynchronisierung liegt mehr als ${days} zurück.`,
    threshold: (seconds) =>
      seconds % 86_400 === 0
        ? plural(seconds / 86_400, 'Tag', 'Tage')
        : seconds % 3_600 === 0
          ? plural(seconds / 3_600, 'Stunde', 'Stunden')
          : plural(Math.round(seconds / 60), 'Minute', 'Minuten'),
    troubleshoot: 'Problembehandlung starten',
    update: (version, have) => `Version ${version} des Sync-Clients ist da; verwendet wird ${have}.`,
    download: 'Neue Version herunterladen',
    clientFailed: 'Der Sync-Client sagt:',
    offline: (when) => `Kein Sync-Client ist verbunden; der letzte Kontakt war ${when}. Er nimmt keine Aufträge an, bis er zurück ist.`,
    syncNow: 'Jetzt synchronisieren',
    pause: 'Pausieren',
    resume: 'Fortsetzen',
    preview: 'Änderungen vorab ansehen',
    accepted: {
      syncNow: 'Ein Zyklus wurde gestartet.',
      pause: 'Die Synchronisierung ist pausiert.',
      resume: 'Die Synchronisierung geht weiter.',
      approve: 'Der Plan ist genehmigt und wird geschrieben.',
      handOver: 'Übergeben: Der Client in Bereitschaft schreibt gleich.',
    },
    refused: 'Der Sync-Client hat abgelehnt:',
    orderFailed: 'Der Auftrag kam nicht an:',
    errorsTitle: 'Fehler',
    clientsTitle: 'Sync-Clients',
    clients: {
      account: 'Dienstkonto',
      role: 'Rolle',
      state: 'Zustand',
      lease: 'Lease',
      version: 'Version',
      contact: 'Letzter Kontakt',
      pending: 'Wartende Änderungen',
    },
    role: (role) => (role ? roles[role] : 'Für sich allein'),
    lease: (epoch) => `Epoche ${number(epoch)}`,
    leaseTaken: 'genommen',
    leaseEnded: 'beendet',
    handOver: 'An die Bereitschaft übergeben',
    differ: (settings) =>
      `Clients einer Quelle unterscheiden sich in ${plural(settings, 'Einstellung', 'Einstellungen')}. Nach einer Übernahme entscheiden die Einstellungen des anderen, was geschrieben wird: Gleichen Sie sie an.`,
    differences: 'Einstellungen, die sich unterscheiden',
    setting: 'Einstellung',
    notSet: 'nicht gesetzt',
  },

  syncSwitch: {
    off: {
      command: 'Ausschalten…',
      title: 'Verzeichnissynchronisierung ausschalten?',
      text: (users, groups) =>
        `${plural(users, 'synchronisierter Benutzer', 'synchronisierte Benutzer')} und ${plural(groups, 'synchronisierte Gruppe', 'synchronisierte Gruppen')} gehören dann der Cloud.`,
      consequences: [
        'Sie bleiben, wie sie sind, und können von da an hier geändert werden.',
        'Änderungen des Verzeichnisses kommen nicht mehr an.',
        'Woher sie kamen (Distinguished Name, Kontoname, Benutzername des Verzeichnisses), wird vergessen.',
        'Wird sie wieder eingeschaltet, ersetzen die Werte des Verzeichnisses, was hier geändert wurde.',
      ],
      submit: 'Synchronisierung ausschalten',
    },
    on: {
      command: 'Einschalten…',
      title: 'Verzeichnissynchronisierung einschalten?',
      text: () => 'Der nächste Zyklus ordnet die Objekte des Verzeichnisses denen der Cloud wieder zu.',
      consequences: [
        'Die Werte des Verzeichnisses ersetzen, was hier seit dem Ausschalten geändert wurde.',
        'Der Löschschutz beurteilt den ganzen Plan, bevor etwas geschrieben wird.',
      ],
      submit: 'Synchronisierung einschalten',
    },
  },

  explain: {
    ask: 'Woher kommen diese Werte?',
    working: 'Der Sync-Client wird gefragt…',
    values: 'Eigenschaften und ihre Regeln',
    scope: (told) => {
      if (told.scope.kind === 'outOfScope') return `Außerhalb des Bereichs: ${told.scope.reason}.`;
      if (told.scope.kind === 'gone') return `${reasons[told.scope.reason]}.`;
      return told.inCloud ? 'Im Bereich und in der Cloud.' : 'Im Bereich und nicht in der Cloud.';
    },
    next: (next) => (next === 'nothing' ? 'Nichts ist zu tun.' : 'Eine Änderung wartet auf den nächsten Plan.'),
    refused: 'Die Cloud hat es abgelehnt; es wird erneut gesendet',
  },

  held: {
    title: 'Ein Plan wartet auf Ihre Genehmigung',
    nothing: 'Er wartet, bis ein Administrator ihn genehmigt; Importe gehen weiter.',
    made: 'Geplant',
    approve: 'Genehmigen…',
    preview: 'Ansehen, was er täte',
    dialogTitle: 'Diesen Plan genehmigen?',
    dialog: (losses) =>
      `Das schreibt den ganzen Plan, mit ${plural(losses.deletions, 'Löschung', 'Löschungen')}, ${plural(losses.members, 'aus Gruppen entfernten Mitglied', 'aus Gruppen entfernten Mitgliedern')} und ${plural(losses.updates, 'Änderung', 'Änderungen')}. Gelöschte Objekte lassen sich 30 Tage lang wiederherstellen. Ändert sich der Plan, bevor er geschrieben ist, wird er wieder angehalten.`,
    typeIt: (n) => `Geben Sie zur Bestätigung ${n} ein`,
    confirm: 'Plan genehmigen',
    mismatch: (n) => `Das ist nicht die Zahl. Geben Sie ${n} ein.`,
  },

  plan: {
    kind: 'Objekte',
    counts: 'Der Plan in Zahlen',
    create: 'Anlegen',
    update: 'Ändern',
    delete: 'Löschen',
    membersAdded: 'Mitglieder hinzu',
    membersRemoved: 'Mitglieder entfernt',
    held: 'Jetzt in der Cloud',
    before: 'Vorher',
    after: 'Nachher',
    members: (added, removed) => `Mitglieder: ${number(added)} hinzugefügt, ${number(removed)} entfernt`,
  },

  errors: {
    title: 'Fehler der Verzeichnissynchronisierung',
    listTitle: 'Fehler',
    intro: 'Alles, was nicht in der Cloud ist, wie es in der Quelle ist, mit Grund und nächstem Schritt.',
    tiles: 'Fehler nach Kategorie',
    compare: 'Beide Objekte',
    differs: 'Verschieden',
    openObject: (kind, name) => `${kind}: ${name}`,
    search: 'Fehler suchen',
    searchHint: 'Nach Name oder Wert suchen',
    category: 'Kategorie',
    allCategories: 'Alle Kategorien',
    kind: 'Art des Objekts',
    allKinds: 'Alle Arten',
    count: (n) => plural(n, 'Fehler', 'Fehler'),
    columns: { object: 'Objekt', problem: 'Problem', value: 'Eigenschaft und Wert', other: 'Anderes Objekt', seen: 'Gesehen' },
    first: 'Zuerst',
    last: 'Zuletzt',
    inForce: 'In Kraft',
    leftOut: 'weggelassen',
    open: (name, problem) => `${problem}: Details zu ${name}`,
    csv: 'CSV',
    json: 'JSON',
    export: 'Exportieren',
    exportAs: (format) => `Alle Fehler als ${format} exportieren`,
    recheck: 'Jetzt neu prüfen',
    released: (n) =>
      n === 0 ? 'Neu geprüft: Jeder beiseitegelegte Wert ist anderswo noch in Gebrauch.' : `Neu geprüft: ${plural(n, 'Wert wurde', 'Werte wurden')} freigegeben.`,
    empty: 'Keine Fehler',
    emptyHint: 'Jedes Objekt der Quelle ist in der Cloud, wie es sein soll.',
    emptyFiltered: 'Kein Fehler passt',
    emptyFilteredHint: 'Ändern Sie die Filter, um andere Fehler zu sehen.',
    clear: 'Filter zurücksetzen',
    showMore: 'Mehr anzeigen',
    fullPage: 'Ganze Liste öffnen',
    gridLabel: 'Fehler der Verzeichnissynchronisierung',
    details: 'Details des Fehlers',
    gone: 'Diesen Fehler gibt es nicht mehr',
    goneHint: 'Er ist behoben, oder er ist nicht unter den gezeigten.',
    remedy: 'Was zu tun ist',
    thisObject: 'Dieses Objekt',
    otherObject: 'Das andere Objekt',
    noOther: 'Kein anderes Objekt ist betroffen.',
    property: 'Eigenschaft',
    value: 'Wert in der Quelle',
    valueInForce: 'Wert in Kraft',
    severity: 'Wirkung',
    firstSeen: 'Zuerst gesehen',
    lastSeen: 'Zuletzt gesehen',
    attempts: 'Versuche',
    docs: (code) => `Über ${code}`,
    name: 'Name',
    type: 'Art',
    dn: 'Distinguished Name',
    anchor: 'Quellanker',
    cloudId: 'Cloud-ID',
    notInCloud: 'Nicht in der Cloud',
    announce: (n) => `${plural(n, 'Fehler', 'Fehler')} aufgeführt`,
    shown: 'Gezeigt',
    shownOnes: { open: 'Nicht ignorierte', ignored: 'Ignorierte', all: 'Alle Fehler' },
    ignored: 'Ignoriert',
    ignore: 'Bis zur Änderung ignorieren',
    showAgain: 'Wieder zeigen',
    ignoredBy: (name) => `Ignoriert durch ${name}:`,
    ignoredUntil: 'Er kommt von selbst zurück, sobald sich der Fehler, das andere Objekt oder ein Wert der Quelle ändert.',
  },


  history: {
    title: 'Verlauf',
    nothing: 'Darüber ist nichts aufgezeichnet.',
    nothingFound: 'Kein Objekt dieses Laufs passt.',
    run: 'Lauf',
    byTenant: 'durch das Cloudverzeichnis selbst',
    by: (actor) => `durch ${actor}`,
    removed: '(entfernt)',
    more: 'Frühere Änderungen anzeigen',
    error: (code) => `Fehler: ${code}`,
    membersAdded: (n) => `${plural(n, 'Mitglied', 'Mitglieder')} hinzugefügt`,
    membersRemoved: (n) => `${plural(n, 'Mitglied', 'Mitglieder')} entfernt`,
    andMore: (n) => `und ${number(n)} weitere`,
    outcomes,
  },

  runs: {
    coming: 'Die Aufzeichnung dieses Laufs ist (noch) nicht da: Live-Läufe werden einmal in der Minute aufgezeichnet, alte entfernt. Was er getan hat:',
    objects: 'Objekte',
    allOutcomes: 'Alle Ergebnisse',
    outcome: 'Was getan wurde',
    search: 'Namen und Werte suchen',
    exportAll: 'Alle Läufe exportieren',
    export: 'Objekte exportieren',
    csv: 'CSV',
    jsonl: 'JSON-Zeilen',
    exportAs: (format) => `Als ${format} exportieren`,
    drift: (n) =>
      n === 0
        ? 'Dieser Import des ganzen Verzeichnisses fand nichts, was entgangen war.'
        : `Dieser Import des ganzen Verzeichnisses fand ${plural(n, 'Unterschied', 'Unterschiede')}, die Live-Änderungen und Zyklen entgangen waren.`,
    title: 'Verlauf der Läufe',
    intro: 'Was jeder Lauf des Sync-Clients getan hat, neueste zuerst.',
    columns: { started: 'Gestartet', trigger: 'Gestartet durch', result: 'Ergebnis', took: 'Dauer', changes: 'Änderungen', errors: 'Fehler' },
    gridLabel: 'Läufe',
    empty: 'Noch kein Lauf',
    emptyHint: 'Der erste Lauf erscheint hier, wenn ein Sync-Client synchronisiert hat.',
    steps: 'Schritte',
    step: { name: 'Schritt', took: 'Dauer', objects: 'Objekte' },
    expand: (when) => `Schritte des Laufs von ${when}`,
    noChanges: 'Keine',
    members: (added, removed) => `Mitglieder +${number(added)} / -${number(removed)}`,
    outcomes: (kind, outcome, n) => `${plural(n, kinds[kind], kindCounts[kind])} ${((outcomes as Record<string, string>)[outcome] ?? outcome).toLowerCase()}`,
    showMore: 'Ältere Läufe anzeigen',
    id: 'Lauf-ID',
    started: (when) => `Gestartet ${when}.`,
    client: 'Client',
    noSteps: 'Es wurden keine Schritte aufgezeichnet.',
  },

  doctor: {
    title: 'Problembehandlung',
    intro: 'Die Prüfungen von „lockstep doctor“: Der Server sieht sich selbst an, der Sync-Client sein Verzeichnis, seine Rechte und seinen Weg zum Server.',
    run: 'Erneut prüfen',
    running: 'Wird geprüft… das kann bis zu einer Minute dauern.',
    offline: 'Kein Sync-Client ist verbunden, daher fehlen seine Prüfungen. Starten Sie ihn, oder führen Sie „lockstep doctor“ auf seinem Rechner aus.',
    summary: (fail, warn, pass) =>
      fail > 0
        ? `${plural(fail, 'Prüfung', 'Prüfungen')} fehlgeschlagen, ${number(warn)} mit Warnung, ${number(pass)} bestanden.`
        : warn > 0
          ? `Keine Prüfung fehlgeschlagen; ${number(warn)} mit Warnung, ${number(pass)} bestanden.`
          : `Alle ${plural(pass, 'Prüfung', 'Prüfungen')} bestanden.`,
    toDo: 'Was zu tun ist:',
    listLabel: 'Prüfungen',
  },
};
