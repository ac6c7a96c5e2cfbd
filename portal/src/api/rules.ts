// The rules of the sync client, a draft of them, and one expression for one object: orders to the connected client.
import type { User } from '@microsoft/microsoft-graph-types';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { listQuery, searchOption } from '../lib/odata';
import { PLAN_OBJECTS } from './plan';
import { ask } from './precheck';
import { graphPage } from './queries';
import type { Kind, PlanReport } from './types';

export type RuleDirection = 'inbound' | 'outbound' | 'straight';
export type FlowHow = 'direct' | 'constant' | 'expression' | 'mapping';
export type Side = 'source' | 'metaverse';

export interface Flow {
  to: string;
  how: FlowHow;
  from: string;
  reads?: string[];
  merge: string;
  executeOnce?: boolean;
  line: number;
}

export interface Rule {
  name: string;
  description?: string;
  direction: RuleDirection;
  precedence: number;
  disabled?: boolean;
  link: string;
  from?: string[];
  sourceTypes?: string[];
  metaverseType?: string;
  target?: Kind;
  scope?: string[][];
  joins?: string[][];
  flows: Flow[];
  line: number;
}

export interface RuleProblem {
  line: number;
  column: number;
  rule?: string;
  message: string;
  remedy: string;
}

export interface RuleFinding {
  lint: string;
  severity: string;
  rule: string;
  line: number;
  message: string;
  remedy: string;
}

export interface RulesView {
  file: string;
  builtIn: boolean;
  name?: string;
  description?: string;
  text: string;
  textIsSame: boolean;
  sources?: string[];
  rules: Rule[];
  problems?: RuleProblem[];
  findings?: RuleFinding[];
}

export type ExpressionResult =
  | { kind: 'value'; of: string; many: boolean; values: string[]; cut: boolean }
  | { kind: 'nothing'; literal: string }
  | { kind: 'mistake'; line: number; column: number; message: string; suggestion?: string }
  | { kind: 'failed'; line: number; column: number; function?: string; message: string }
  | { kind: 'noMetaverse'; reason: string };

export interface ExpressionReport {
  name: string;
  dn: string;
  others?: string[];
  gives?: string;
  reads?: { name: string; value: string }[];
  result: ExpressionResult;
}

interface RulesAnswer { answer: 'rules'; rules: RulesView }

const once = { staleTime: 60_000, retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false } as const;

/** The rules as the client has them. */
export function useRules(enabled: boolean) {
  return useQuery({
    queryKey: ['rules', 'now'],
    queryFn: async ({ signal }) => (await ask<RulesAnswer>({ order: 'rules' }, signal)).rules,
    enabled,
    ...once,
  });
}

/** A draft, looked at by the client: its rules, or what is wrong with it. The answer before stays until the next one. */
export function useDraftRules(text: string | undefined) {
  return useQuery({
    queryKey: ['rules', 'draft', text],
    queryFn: async ({ signal }) => (await ask<RulesAnswer>({ order: 'rules', rules: text }, signal)).rules,
    enabled: text !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    ...once,
  });
}

/** Works out an expression for an object. */
export function useEvaluate() {
  return useMutation({
    mutationFn: async (asked: { object: string; expression: string; side: Side; rules?: string | undefined }) =>
      (await ask<{ answer: 'evaluated'; report: ExpressionReport }>({ order: 'evaluate', ...asked })).report,
  });
}

/** The plan by a draft. Nothing is written. */
export function useDraftPreview() {
  return useMutation({
    mutationFn: async (rules: string) =>
      (await ask<{ answer: 'plan'; plan: PlanReport }>({ order: 'preview', limit: PLAN_OBJECTS, rules })).plan,
  });
}

/** Synced people whom a text finds, by their place in the directory. */
export function usePeopleByDn(text: string) {
  const search = searchOption(text);
  return useQuery({
    queryKey: ['users', 'byDn', text],
    queryFn: async ({ signal }) => {
      const query = listQuery({
        select: ['id', 'displayName', 'userPrincipalName', 'onPremisesDistinguishedName'],
        filter: 'onPremisesSyncEnabled eq true',
        search,
        top: 8,
      });
      return (await graphPage<User>(`/v1.0/users?${query}`, signal)).items;
    },
    enabled: search !== undefined && !text.includes('='),
    placeholderData: keepPreviousData,
  });
}
