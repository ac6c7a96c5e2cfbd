// Die Wörter für das Anlegen, Ändern, Löschen und Importieren von Benutzern der Cloud.
import type { importUsers as I, people as P } from '../en/people';

const number = new Intl.NumberFormat('de');
const count = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

export const people: typeof P = {
  add: 'Benutzer hinzufügen',
  addMany: 'Benutzer importieren',
  addTitle: 'Benutzer hinzufügen',
  addIntro: 'Dieser Benutzer gehört nur der Cloud. Personen Ihres Verzeichnisses kommen durch die Synchronisierung.',
  edit: 'Bearbeiten',
  editTitle: 'Benutzer bearbeiten',
  remove: 'Löschen',
  save: 'Speichern',
  create: 'Benutzer hinzufügen',
  basics: 'Name',
  work: 'Arbeit',
  contact: 'Kontakt',
  account: 'Konto',
  userName: 'Benutzername',
  domain: 'Domäne',
  signIn: 'Anmeldung erlaubt',
  required: 'Das ist erforderlich.',
  created: (name) => `${name} wurde hinzugefügt.`,
  saved: 'Gespeichert.',
  nothingChanged: 'Nichts wurde geändert.',
  refused: 'Der Server hat abgelehnt:',
  noDomains: 'Die Domänen konnten nicht geladen werden.',
  removeTitle: (name) => `${name} löschen?`,
  removeText: 'Der Benutzer kann 30 Tage lang unter „Gelöscht“ wiederhergestellt werden.',
  removeSubmit: 'Benutzer löschen',
  removed: (name) => `${name} wurde gelöscht.`,
  showDeleted: 'Gelöschte Benutzer anzeigen',
};

export const importUsers: typeof I = {
  title: 'Benutzer importieren',
  intro: 'Fügt Benutzer der Cloud aus einer CSV-Datei hinzu. Die ganze Datei wird geprüft, bevor etwas geschrieben wird.',
  readerOnly: 'Ihre Rolle ist Leser: Benutzer werden von einem Administrator importiert.',
  steps: { file: '1. Datei wählen', check: '2. Ansehen, was gefunden wurde', result: '3. Ergebnis' },
  fileText: 'Die erste Zeile hat die Überschriften der Vorlage in ihrer Reihenfolge; jede weitere Zeile ist ein Benutzer. Benutzername und Anzeigename sind erforderlich.',
  template: 'Vorlage',
  templateSample: 'Vorlage mit Beispiel',
  choose: 'Datei wählen',
  chooseAnother: 'Andere Datei wählen',
  file: 'CSV-Datei',
  checking: 'Die Datei wird geprüft…',
  fileProblem: (problem) => {
    switch (problem.what) {
      case 'encoding':
        return 'Die Datei ist kein UTF-8-Text. Speichern Sie sie aus der Tabellenkalkulation als „CSV UTF-8“ und wählen Sie sie erneut.';
      case 'tooLarge':
        return 'Die Datei ist größer als 4 MB. Teilen Sie sie in mehrere Dateien.';
      case 'quotes':
        return `In Zeile ${number.format(problem.line)} wird ein Anführungszeichen geöffnet und nie geschlossen. Schließen Sie es und wählen Sie die Datei erneut.`;
      case 'noRows':
        return 'Die Datei hat keine Benutzer. Unter den Überschriften ist jede Zeile ein Benutzer.';
      case 'tooMany':
        return `Die Datei hat ${count(problem.found, 'Benutzer', 'Benutzer')}; eine Datei fasst 1.000. Teilen Sie sie in mehrere Dateien.`;
      case 'noHeadings':
        return 'In der ersten Zeile steht eine Adresse, wo die Überschriften sein sollten. Setzen Sie die Überschriften der Vorlage darüber.';
      case 'headingCount':
        return `Die erste Zeile hat ${count(problem.found, 'Spalte', 'Spalten')}, die Vorlage 15. Beginnen Sie mit der Vorlage.`;
      case 'headingOrder':
        return `Die Spalte „${problem.heading}“ steht, wo „${problem.wanted}“ hingehört. Ordnen Sie die Spalten wie in der Vorlage.`;
    }
  },
  problem: (problem, heading) => {
    switch (problem.what) {
      case 'missing':
        return `${heading} fehlt.`;
      case 'tooLong':
        return `${heading} ist länger als ${count(problem.most, 'Zeichen', 'Zeichen')}.`;
      case 'form':
        return `${heading} hat nicht die Form Name@Domäne.`;
      case 'alias':
        return `${heading} hat vor dem @ mehr als ${number.format(problem.most)} Zeichen.`;
      case 'domain':
        return problem.known
          ? `${problem.domain} ist nicht bestätigt. Bestätigen Sie sie unter „Domänen“, oder nehmen Sie eine andere.`
          : `${problem.domain} ist keine Domäne Ihrer Organisation. Fügen Sie sie unter „Domänen“ hinzu, oder nehmen Sie eine andere.`;
      case 'twice':
        return `${heading} steht auch in Zeile ${number.format(problem.line)}.`;
      case 'taken':
        return `${heading} gehört schon jemandem.`;
      case 'columns':
        return `Die Zeile hat ${count(problem.found, 'Spalte', 'Spalten')}, nicht 15.`;
    }
  },
  checked: (rows, bad) =>
    bad === 0
      ? `${count(rows, 'Benutzer', 'Benutzer')}, alle bereit.`
      : `${count(rows, 'Benutzer', 'Benutzer')}: ${number.format(rows - bad)} bereit, ${number.format(bad)} mit Fehlern. Die mit Fehlern werden weggelassen.`,
  onlyErrors: 'Nur Fehler',
  downloadErrors: 'Fehler herunterladen',
  columns: { row: 'Zeile', name: 'Benutzername', displayName: 'Anzeigename', state: 'Zustand' },
  ready: 'Bereit',
  signIn: 'Anmeldung erlaubt',
  submit: (n) => `${count(n, 'Benutzer', 'Benutzer')} hinzufügen`,
  working: (done, total) => `${number.format(done)} von ${number.format(total)} erledigt`,
  stop: 'Anhalten',
  stopped: (left) => `Angehalten: ${count(left, 'Benutzer wurde', 'Benutzer wurden')} nicht versucht.`,
  done: (added, refused, leftOut) =>
    [
      `${count(added, 'Benutzer wurde', 'Benutzer wurden')} hinzugefügt.`,
      ...(refused > 0 ? [`${count(refused, 'wurde', 'wurden')} abgelehnt.`] : []),
      ...(leftOut > 0 ? [`${count(leftOut, 'wurde', 'wurden')} wegen Fehlern in der Datei weggelassen.`] : []),
    ].join(' '),
  added: 'Hinzugefügt',
  refused: 'Abgelehnt',
  leftOut: 'Weggelassen',
  waiting: 'Wartet',
  downloadResult: 'Ergebnis herunterladen',
  toUsers: 'Zu den aktiven Benutzern',
  gridLabel: 'Benutzer der Datei',
  resultHeadings: ['Zeile', 'Benutzername', 'Anzeigename', 'Ergebnis', 'Grund'],
};
