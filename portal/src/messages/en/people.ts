// The words of creating, changing, deleting and importing the cloud's own users.
import type { FileProblem, Problem } from '../../lib/usersCsv';

const number = new Intl.NumberFormat('en');
const count = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

export const people = {
  add: 'Add a user',
  addMany: 'Import users',
  addTitle: 'Add a user',
  addIntro: 'This user is the cloud’s own. People of your directory come by synchronization.',
  edit: 'Edit',
  editTitle: 'Edit user',
  remove: 'Delete',
  save: 'Save',
  create: 'Add user',
  basics: 'Name',
  work: 'Work',
  contact: 'Contact',
  account: 'Account',
  userName: 'User name',
  domain: 'Domain',
  signIn: 'Sign-in allowed',
  required: 'This is required.',
  created: (name: string) => `${name} was added.`,
  saved: 'Saved.',
  nothingChanged: 'Nothing was changed.',
  refused: 'The server refused:',
  noDomains: 'The domains could not be loaded.',
  removeTitle: (name: string) => `Delete ${name}?`,
  removeText: 'The user can be restored for 30 days, under Deleted.',
  removeSubmit: 'Delete user',
  removed: (name: string) => `${name} was deleted.`,
  showDeleted: 'Show deleted users',
};

export const importUsers = {
  title: 'Import users',
  intro: 'Adds the cloud’s own users from a CSV file. The whole file is checked before anything is written.',
  readerOnly: 'Your role is reader: an administrator imports users.',
  steps: { file: '1. Choose a file', check: '2. Look at what was found', result: '3. Result' },
  fileText: 'The first row has the headings of the template, in their order; each further row is a user. User name and display name are required.',
  template: 'Template',
  templateSample: 'Template with an example',
  choose: 'Choose a file',
  chooseAnother: 'Choose another file',
  file: 'CSV file',
  checking: 'Checking the file…',
  fileProblem: (problem: FileProblem) => {
    switch (problem.what) {
      case 'encoding':
        return 'The file is not UTF-8 text. Save it from the spreadsheet as "CSV UTF-8" and choose it again.';
      case 'tooLarge':
        return 'The file is larger than 4 MB. Divide it into several files.';
      case 'quotes':
        return `A quotation mark is opened in row ${number.format(problem.line)} and never closed. Close it, and choose the file again.`;
      case 'noRows':
        return 'The file has no users. Below the headings, each row is a user.';
      case 'tooMany':
        return `The file has ${count(problem.found, 'user', 'users')}; one file takes 1,000. Divide it into several files.`;
      case 'noHeadings':
        return 'The first row has an address where the headings should be. Put the headings of the template above it.';
      case 'headingCount':
        return `The first row has ${count(problem.found, 'column', 'columns')}; the template has 15. Start from the template.`;
      case 'headingOrder':
        return `The column "${problem.heading}" stands where "${problem.wanted}" belongs. Put the columns in the order of the template.`;
    }
  },
  problem: (problem: Problem, heading: string) => {
    switch (problem.what) {
      case 'missing':
        return `${heading} is missing.`;
      case 'tooLong':
        return `${heading} is longer than ${count(problem.most, 'character', 'characters')}.`;
      case 'form':
        return `${heading} is not of the form name@domain.`;
      case 'alias':
        return `${heading} has more than ${number.format(problem.most)} characters before the @.`;
      case 'domain':
        return problem.known
          ? `${problem.domain} is not verified. Verify it under Domains, or use another domain.`
          : `${problem.domain} is no domain of your organization. Add it under Domains, or use another domain.`;
      case 'twice':
        return `${heading} is that of row ${number.format(problem.line)} too.`;
      case 'taken':
        return `${heading} belongs to somebody already.`;
      case 'columns':
        return `The row has ${count(problem.found, 'column', 'columns')}, not 15.`;
    }
  },
  checked: (rows: number, bad: number) =>
    bad === 0
      ? `${count(rows, 'user', 'users')}, all of them ready.`
      : `${count(rows, 'user', 'users')}: ${number.format(rows - bad)} ready, ${number.format(bad)} with errors. Those with errors are left out.`,
  onlyErrors: 'Errors only',
  downloadErrors: 'Download the errors',
  columns: { row: 'Row', name: 'User name', displayName: 'Display name', state: 'State' },
  ready: 'Ready',
  signIn: 'Sign-in allowed',
  submit: (n: number) => `Add ${count(n, 'user', 'users')}`,
  working: (done: number, total: number) => `${number.format(done)} of ${number.format(total)} done`,
  stop: 'Stop',
  stopped: (left: number) => `Stopped: ${count(left, 'user was', 'users were')} not tried.`,
  done: (added: number, refused: number, leftOut: number) =>
    [
      `${count(added, 'user was', 'users were')} added.`,
      ...(refused > 0 ? [`${count(refused, 'was', 'were')} refused.`] : []),
      ...(leftOut > 0 ? [`${count(leftOut, 'was', 'were')} left out for errors in the file.`] : []),
    ].join(' '),
  added: 'Added',
  refused: 'Refused',
  leftOut: 'Left out',
  waiting: 'Waiting',
  downloadResult: 'Download the result',
  toUsers: 'Go to Active users',
  gridLabel: 'Users of the file',
  resultHeadings: ['Row', 'User Name', 'Display Name', 'Result', 'Reason'],
};
