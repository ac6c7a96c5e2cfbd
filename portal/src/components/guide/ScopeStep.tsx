// The scope: the containers of the directory as a tree with counts, counted by the client.
import { Button, Checkbox, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components';
import { useContainers } from '../../api/precheck';
import { g } from '../../messages/guide';
import { Banner } from '../Banner';
import { Copy } from '../Copy';
import { Failure } from '../Failure';
import { isIn, topmost, treeOf } from './tree';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  tree: {
    listStyleType: 'none',
    margin: 0,
    padding: '4px 0',
    maxHeight: '420px',
    overflowY: 'auto',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  node: { display: 'flex', alignItems: 'center', gap: '8px', paddingRight: '12px', flexWrap: 'wrap' },
  counts: { marginLeft: 'auto', color: tokens.colorNeutralForeground2, fontVariantNumeric: 'tabular-nums' },
  lines: { margin: 0, fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
});

const INDENT_PX = 24;

interface Props {
  chosen: ReadonlySet<string> | undefined;
  onChoose: (chosen: ReadonlySet<string>) => void;
  /** The client has its configuration: the choice is shown as lines for it. */
  fixed: boolean;
}

/** The choice as a configuration has it; nothing where all is chosen. */
export function scopeLines(include: readonly string[]): string {
  return include.length === 0 ? '' : `include = [${include.map((dn) => `\n    ${JSON.stringify(dn)},`).join('')}\n]`;
}

export function ScopeStep({ chosen, onChoose, fixed }: Props) {
  const styles = useStyles();
  const containers = useContainers(true);
  if (containers.error) return <Failure error={containers.error} onRetry={() => void containers.refetch()} />;
  if (!containers.data) return <Spinner size="small" label={g.scopeReading} />;
  const nodes = treeOf(containers.data.containers);
  const roots = nodes.filter((node) => node.above === undefined);
  const now = chosen ?? new Set(roots.map((node) => node.dn));
  const top = topmost(nodes, now);
  const sum = (of: 'users' | 'groups') => top.reduce((all, node) => all + node[of], 0);
  const lines = scopeLines(top.map((node) => node.dn));
  return (
    <div className={styles.stack}>
      <Text>{g.scopeText}</Text>
      {containers.data.truncated && (
        <Banner intent="warning" long>
          {g.scopeTruncated}
        </Banner>
      )}
      <ul className={styles.tree} aria-label={g.scopeTitle}>
        {nodes.map((node) => {
          const above = node.above === undefined ? undefined : nodes[node.above];
          const within = above !== undefined && isIn(nodes, now, above);
          return (
            <li key={node.dn} className={styles.node} style={{ paddingLeft: node.depth * INDENT_PX }} data-container={node.dn}>
              <Checkbox
                label={node.name}
                title={node.dn}
                checked={isIn(nodes, now, node)}
                disabled={within}
                onChange={(_, data) => {
                  const next = new Set(now);
                  if (data.checked === true) next.add(node.dn);
                  else next.delete(node.dn);
                  onChoose(next);
                }}
              />
              <Text className={styles.counts}>{g.scopeCounts(node.users, node.groups)}</Text>
            </li>
          );
        })}
      </ul>
      <Text weight="semibold" role="status">
        {g.scopeChosen(sum('users'), sum('groups'))}
      </Text>
      {fixed && (
        <>
          <Text>{g.scopeFixed}</Text>
          <pre className={styles.lines}>{lines === '' ? '# include: all' : lines}</pre>
          <div>
            <Copy text={lines} />
          </div>
        </>
      )}
    </div>
  );
}

/** What to give the client: nothing where every root is chosen. */
export function includeOf(containers: Parameters<typeof treeOf>[0], chosen: ReadonlySet<string> | undefined): string[] {
  if (!chosen) return [];
  const nodes = treeOf(containers);
  const top = topmost(nodes, chosen);
  const roots = nodes.filter((node) => node.above === undefined);
  return roots.every((root) => chosen.has(root.dn)) ? [] : top.map((node) => node.dn);
}

/** Whether nothing is chosen that is there: to the client, no container would mean all. */
export function choosesNobody(containers: Parameters<typeof treeOf>[0], chosen: ReadonlySet<string> | undefined): boolean {
  return chosen !== undefined && topmost(treeOf(containers), chosen).length === 0;
}

/** A button that takes the scope and lets the client begin. */
export function BeginButton({ disabled, onBegin }: { disabled: boolean; onBegin: () => void }) {
  return (
    <Button appearance="primary" disabledFocusable={disabled} onClick={onBegin}>
      {g.begin}
    </Button>
  );
}
