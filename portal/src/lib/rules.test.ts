import { expect, it } from 'vitest';
import type { Flow, Rule, RulesView } from '../api/rules';
import { flowsTo, lineRange, origins, targets } from './rules';

const flow = (to: string, from: string, reads: string[]): Flow => ({ to, how: 'direct', from, reads, merge: 'update', line: 1 });
const rule = (name: string, precedence: number, more: Partial<Rule>): Rule => ({
  name,
  precedence,
  direction: 'inbound',
  link: 'Join',
  metaverseType: 'person',
  flows: [],
  line: 1,
  ...more,
});
const view: RulesView = {
  file: 'rules.toml',
  builtIn: false,
  text: '',
  textIsSame: true,
  rules: [
    rule('late', 200, { flows: [flow('mail', '[rfc822Mailbox]', ['rfc822Mailbox'])] }),
    rule('early', 10, { flows: [flow('mail', '[mail]', ['mail'])] }),
    rule('resting', 5, { disabled: true, flows: [flow('mail', '[altMail]', ['altMail'])] }),
    rule('groups', 1, { metaverseType: 'group', flows: [flow('mail', '[groupMail]', ['groupMail'])] }),
    rule('out', 300, { direction: 'outbound', target: 'user', flows: [flow('mail', '[mail]', ['mail']), flow('accountEnabled', 'True', [])] }),
  ],
};

it('follows a property from the cloud to the directory, by precedence, resting rules last', () => {
  expect(targets(view)).toEqual([{ kind: 'user', properties: ['accountEnabled', 'mail'] }]);
  const [step] = flowsTo(view, 'user', 'mail');
  expect(step?.rule.name).toBe('out');
  expect(step?.feeds[0]?.steps.map((one) => one.rule.name)).toEqual(['early', 'late', 'resting']);
  expect(origins(view, 'user', 'mail')).toEqual(['mail', 'rfc822Mailbox']);
  expect(origins(view, 'user', 'accountEnabled')).toEqual([]);
  expect(flowsTo(view, 'group', 'mail')).toEqual([]);
});

it('finds a line in a text', () => {
  expect(lineRange('ab\ncd\n', 1)).toEqual([0, 2]);
  expect(lineRange('ab\ncd\n', 2)).toEqual([3, 5]);
  expect(lineRange('ab', 9)).toEqual([2, 2]);
});
