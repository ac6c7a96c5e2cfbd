// The navigation: real links, so that they open in tabs and are found by every reader.
import { CounterBadge, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { NavLink } from 'react-router';
import { useStatus } from '../api/queries';
import {
  ArrowSyncRegular,
  BinRecycleRegular,
  CheckmarkRegular,
  ContactCardRegular,
  DesktopRegular,
  ErrorCircleRegular,
  EyeRegular,
  FlowchartRegular,
  GlobeRegular,
  HistoryRegular,
  HomeRegular,
  PeopleRegular,
  PeopleTeamRegular,
  SettingsRegular,
  StethoscopeRegular,
} from '../icons';
import { t } from '../messages';

const useStyles = makeStyles({
  root: { padding: '12px 8px' },
  list: { listStyleType: 'none', margin: '0 0 12px', padding: 0 },
  heading: {
    display: 'block',
    padding: '4px 12px',
    color: tokens.colorNeutralForeground2,
  },
  link: {
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    gap: '12px',
    padding: '0 12px',
    height: '36px',
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    borderRadius: tokens.borderRadiusMedium,
    fontSize: tokens.fontSizeBase300,
    ':hover': { backgroundColor: tokens.colorNeutralBackground3Hover, color: tokens.colorNeutralForeground3Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  icon: { fontSize: '20px', display: 'flex', color: tokens.colorNeutralForeground2 },
  label: { flexGrow: 1 },
  active: {
    backgroundColor: tokens.colorNeutralBackground1,
    fontWeight: tokens.fontWeightSemibold,
    '::before': {
      content: '""',
      position: 'absolute',
      left: '2px',
      top: '9px',
      bottom: '9px',
      width: '3px',
      borderRadius: '2px',
      backgroundColor: tokens.colorCompoundBrandStroke,
    },
  },
});

export function Nav() {
  const styles = useStyles();
  const status = useStatus().data;
  const errors = status?.errors.total ?? 0;
  const held = status?.sync.heldPlan != null;
  return (
    <div className={styles.root}>
      <ul className={styles.list}>
        <Item to="/" icon={<HomeRegular />} label={t.nav.home} end />
      </ul>
      <Text as="h2" size={200} weight="semibold" className={styles.heading} id="nav-users">
        {t.nav.users}
      </Text>
      <ul className={styles.list} aria-labelledby="nav-users">
        <Item to="/users" icon={<PeopleRegular />} label={t.nav.activeUsers} />
        <Item to="/groups" icon={<PeopleTeamRegular />} label={t.nav.groups} />
        <Item to="/contacts" icon={<ContactCardRegular />} label={t.nav.contacts} />
        <Item to="/devices" icon={<DesktopRegular />} label={t.nav.devices} />
        <Item to="/deleted" icon={<BinRecycleRegular />} label={t.nav.deleted} />
      </ul>
      <Text as="h2" size={200} weight="semibold" className={styles.heading} id="nav-settings">
        {t.nav.settings}
      </Text>
      <ul className={styles.list} aria-labelledby="nav-settings">
        <Item to="/domains" icon={<GlobeRegular />} label={t.nav.domains} />
        <Item to="/settings" icon={<SettingsRegular />} label={t.nav.access} />
      </ul>
      <Text as="h2" size={200} weight="semibold" className={styles.heading} id="nav-dirsync">
        {t.nav.dirsync}
      </Text>
      <ul className={styles.list} aria-labelledby="nav-dirsync">
        <Item to="/dirsync" icon={<ArrowSyncRegular />} label={t.nav.status} end />
        <Item
          to="/dirsync/plan"
          icon={<EyeRegular />}
          label={t.nav.plan}
          badge={held && <CounterBadge dot color="danger" role="img" aria-label={t.held.title} />}
        />
        <Item
          to="/dirsync/errors"
          icon={<ErrorCircleRegular />}
          label={t.nav.errors}
          badge={errors > 0 && <CounterBadge count={errors} overflowCount={999} color="danger" aria-label={t.errors.count(errors)} />}
        />
        <Item to="/dirsync/runs" icon={<HistoryRegular />} label={t.nav.runs} />
        <Item to="/dirsync/precheck" icon={<CheckmarkRegular />} label={t.nav.precheck} />
        <Item to="/dirsync/rules" icon={<FlowchartRegular />} label={t.nav.rules} />
        <Item to="/dirsync/troubleshoot" icon={<StethoscopeRegular />} label={t.nav.troubleshooter} />
      </ul>
    </div>
  );
}

function Item(props: { to: string; icon: ReactNode; label: string; end?: boolean; badge?: ReactNode }) {
  const styles = useStyles();
  return (
    <li>
      <NavLink
        to={props.to}
        end={props.end ?? false}
        className={({ isActive }) => mergeClasses(styles.link, isActive && styles.active)}
      >
        <span className={styles.icon} aria-hidden>
          {props.icon}
        </span>
        <span className={styles.label}>{props.label}</span>
        {props.badge}
      </NavLink>
    </li>
  );
}
