// Die Wörter der Diagramme: Änderungen und Zeit über einen Tag, eine Woche, einen Monat; die Schritte eines Laufs im Bild.
import type { ChartWords } from '../en/charts';

const number = new Intl.NumberFormat('de');
const count = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

export const charts: ChartWords = {
  title: 'Änderungen und Zeit',
  range: 'Gezeigte Zeit',
  ranges: { day: '24 Stunden', week: '7 Tage', month: '30 Tage' },
  changes: 'Änderungen',
  time: 'Zeit vom Lesen bis geschrieben, je Lauf',
  kinds: { created: 'Angelegt', updated: 'Geändert', deleted: 'Gelöscht', members: 'Mitgliedschaften' },
  mean: 'Mittel',
  longest: 'Längster',
  failed: 'Ein Lauf schlug fehl',
  none: 'In dieser Zeit endete kein Lauf.',
  step: (text) => `Jeder Balken steht für ${text}.`,
  hours: (n) => count(n, 'Stunde', 'Stunden'),
  minutes: (n) => count(n, 'Minute', 'Minuten'),
  changesLabel: (created, updated, deleted, members) =>
    `Änderungen in der gezeigten Zeit: ${number.format(created)} angelegt, ${number.format(updated)} geändert, ${number.format(deleted)} gelöscht, ${number.format(members)} Mitgliedschaften.`,
  timeLabel: (mean, longest) => `Zeit je Lauf: ${mean} im Mittel, ${longest} höchstens.`,
  part: (when, created, updated, deleted, members) =>
    `${when}: ${number.format(created)} angelegt, ${number.format(updated)} geändert, ${number.format(deleted)} gelöscht, ${number.format(members)} Mitgliedschaften`,
  partTime: (when, runs, mean, longest) => `${when}: ${count(runs, 'Lauf', 'Läufe')}, ${mean} im Mittel, ${longest} höchstens`,
  table: 'Als Tabelle',
  columns: { at: 'Ab', runs: 'Läufe', failed: 'Fehlgeschlagen' },
  stepsLabel: 'Die Schritte des Laufs, nacheinander',
  stepWords: (name, took, objects) => `${name}: ${took}, ${count(objects, 'Objekt', 'Objekte')}`,
  outcomes: { unchanged: 'Unverändert', restored: 'Wiederhergestellt', missing: 'Fehlend' },
  rate: (n) => `${number.format(n)} Objekte in der Sekunde`,
  countsLabel: 'Was der Lauf tat, nach Art des Objekts',
  driftTitle: 'Abweichung: was entgangen war und in Ordnung gebracht wurde',
  drift: { added: 'Entgangene Zugänge', changed: 'Entgangene Änderungen', removed: 'Entgangene Abgänge' },
};
