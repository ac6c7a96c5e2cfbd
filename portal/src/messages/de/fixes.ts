// Die Wörter der geführten Behebung, im Bereich eines Fehlers.
import type { fixes as F } from '../en/fixes';

export const fixes: typeof F = {
  title: 'Beheben',
  titles: {
    moveAnchor: 'Es ist eine Person: das Cloudobjekt behalten',
    dropValue: 'Es sind zwei: dem Cloudobjekt den Wert nehmen',
  },
  abouts: {
    moveAnchor: 'Das Cloudobjekt bekommt den Quellanker, sodass der Eintrag im Verzeichnis zu ihm gehört. Das daneben entstandene Objekt wird gelöscht; es lässt sich 30 Tage lang wiederherstellen.',
    dropValue: 'Das Cloudobjekt gibt den Wert ab, und das synchronisierte Objekt erhält ihn.',
  },
  changes: 'Was sich ändert',
  after: 'Danach',
  cured: 'Der Fehler ist behoben.',
  notYet: 'Der Fehler verschwindet, sobald der Synchronisierungsclient das Objekt erneut sendet; er wird sogleich darum gebeten.',
  others: (codes) => `Diese Fehler des Objekts bleiben: ${codes}.`,
  privileged: 'Das betrifft ein Objekt, das Rechte verleiht:',
  confirm: 'Es ist trotzdem so gemeint',
  apply: 'Anwenden',
  applied: 'Erledigt.',
  retries: {
    notNeeded: 'Der Fehler ist behoben.',
    done: 'Der Synchronisierungsclient hat das Objekt erneut gesendet.',
    later: 'Der Synchronisierungsclient sendet das Objekt von selbst erneut; gerade antwortete keiner.',
  },
  anew: 'Neu ansehen',
  none: 'Beide Objekte kommen aus dem Verzeichnis; dort muss sich eines von ihnen ändern:',
  directory: 'Oder im Verzeichnis ändern:',
  giveUp: (name) => `${name} gibt den Wert ab`,
  keeps: 'Dieses Objekt hat den Wert jetzt.',
  wants: 'Dieses Objekt möchte den Wert.',
  attribute: (name) => `Der Wert kommt aus dem Attribut ${name}.`,
  guessed: (name) => `Vermutlich das Attribut ${name}: Kein Synchronisierungsclient war da, es zu sagen.`,
  ldif: 'LDIF herunterladen',
  showLdif: 'Die Änderung als LDIF',
};
