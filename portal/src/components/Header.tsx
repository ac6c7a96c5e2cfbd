// The bar at the top: product, tenant, live connection, theme, account.
import {
  Button,
  Divider,
  makeStyles,
  Menu,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  mergeClasses,
  Text,
  tokens,
  Tooltip,
} from '@fluentui/react-components';
import type { ReactElement, ReactNode } from 'react';
import { Link as RouterLink } from 'react-router';
import type { Connection } from '../api/events';
import { useSignOut, useStatus } from '../api/queries';
import type { Session } from '../api/types';
import { CircleHalfFillRegular, DarkThemeRegular, LocalLanguageRegular, PersonRegular, QuestionCircleRegular, SearchRegular, SignOutRegular, WeatherMoonRegular, WeatherSunnyRegular } from '../icons';
import { chooseLanguage, language, languages, t } from '../messages';
import { themeChoices, useThemeChoice, type ThemeChoice } from '../theme/theme';
import { Logo } from './Logo';

const useStyles = makeStyles({
  bar: {
    gridColumn: '1 / -1',
    position: 'sticky',
    top: 0,
    zIndex: 100,
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    height: '48px',
    boxSizing: 'border-box',
    padding: '0 12px 0 16px',
    '@media (max-width: 480px)': { gap: '2px', padding: '0 4px 0 8px' },
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  brand: {
    display: 'flex',
    alignItems: 'center',
    gap: '10px',
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    borderRadius: tokens.borderRadiusMedium,
  },
  // On the narrowest windows the sign speaks for itself; readers of the screen still hear the name.
  product: { '@media (max-width: 360px)': { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' } },
  divider: { flexGrow: 0, height: '20px', margin: '0 4px', '@media (max-width: 480px)': { display: 'none' } },
  tenant: {
    color: tokens.colorNeutralForeground2,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    minWidth: 0,
    '@media (max-width: 480px)': { display: 'none' },
  },
  space: { flexGrow: 1 },
  live: { display: 'flex', alignItems: 'center', gap: '6px', color: tokens.colorNeutralForeground2, minWidth: '64px', '@media (max-width: 600px)': { minWidth: 0, padding: '0 8px' } },
  dot: { width: '8px', height: '8px', borderRadius: '50%', backgroundColor: tokens.colorNeutralForeground3 },
  dotLive: { backgroundColor: tokens.colorStatusSuccessForeground1 },
  dotLost: { backgroundColor: tokens.colorStatusDangerForeground3 },
  liveText: { '@media (max-width: 600px)': { display: 'none' } },
  button: { minWidth: '32px' },
  userText: { '@media (max-width: 600px)': { display: 'none' } },
});

interface Props {
  session?: Session;
  connection?: Connection;
  navButton?: ReactNode;
  /** Opens the command palette. */
  onSearch?: () => void;
  /** Opens the book's page for this page. */
  onHelp?: () => void;
}

export function Header({ session, connection, navButton, onSearch, onHelp }: Props) {
  const styles = useStyles();
  return (
    <header className={styles.bar} aria-label={t.shell.header}>
      {navButton}
      <RouterLink to="/" className={styles.brand}>
        <Logo />
        <Text weight="semibold" size={400} className={styles.product}>
          {t.product}
        </Text>
      </RouterLink>
      {session && <Tenant />}
      <span className={styles.space} />
      {connection && <LiveState connection={connection} />}
      {onSearch && (
        <Button
          className={styles.button}
          appearance="subtle"
          icon={<SearchRegular />}
          aria-label={t.shell.search}
          aria-keyshortcuts="Control+K"
          title={`${t.shell.search} (Ctrl+K)`}
          onClick={onSearch}
        />
      )}
      {onHelp && <Button className={styles.button} appearance="subtle" icon={<QuestionCircleRegular />} aria-label={t.shell.help} title={t.shell.help} onClick={onHelp} />}
      <LanguageMenu />
      <ThemeMenu />
      {session && <AccountMenu session={session} />}
    </header>
  );
}

function Tenant() {
  const styles = useStyles();
  const status = useStatus();
  if (!status.data) return null;
  return (
    <>
      <Divider vertical className={styles.divider} />
      <Text className={styles.tenant} title={status.data.tenant.initialDomain}>
        {status.data.tenant.displayName}
      </Text>
    </>
  );
}

function LiveState({ connection }: { connection: Connection }) {
  const styles = useStyles();
  return (
    <Tooltip content={t.shell.connectionLong[connection]} relationship="description">
      <span className={styles.live} role="status">
        <span
          aria-hidden
          className={mergeClasses(
            styles.dot,
            connection === 'live' && styles.dotLive,
            connection === 'lost' && styles.dotLost,
          )}
        />
        <Text size={200} className={styles.liveText}>
          {t.shell.connection[connection]}
        </Text>
      </span>
    </Tooltip>
  );
}

const themeIcons: Record<ThemeChoice, ReactElement> = {
  system: <DarkThemeRegular />,
  light: <WeatherSunnyRegular />,
  dark: <WeatherMoonRegular />,
  contrast: <CircleHalfFillRegular />,
};

export function ThemeMenu() {
  const styles = useStyles();
  const { choice, shown, choose } = useThemeChoice();
  return (
    <Menu
      checkedValues={{ theme: [choice] }}
      onCheckedValueChange={(_, data) => choose((data.checkedItems[0] ?? 'system') as ThemeChoice)}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          className={styles.button}
          appearance="subtle"
          aria-label={t.shell.theme}
          icon={themeIcons[shown]}
        />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {themeChoices.map((each) => (
            <MenuItemRadio key={each} name="theme" value={each} icon={themeIcons[each]}>
              {t.shell.themes[each]}
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** The languages, each by its own name. A choice draws the page anew. */
export function LanguageMenu() {
  const styles = useStyles();
  return (
    <Menu checkedValues={{ language: [language] }} onCheckedValueChange={(_, data) => chooseLanguage(data.checkedItems[0] === 'de' ? 'de' : 'en')}>
      <MenuTrigger disableButtonEnhancement>
        <Button className={styles.button} appearance="subtle" aria-label={t.shell.language} icon={<LocalLanguageRegular />} />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {Object.entries(languages).map(([name, words]) => (
            <MenuItemRadio key={name} name="language" value={name} lang={name}>
              {words}
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

function AccountMenu({ session }: { session: Session }) {
  const styles = useStyles();
  const signOut = useSignOut();
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button
          className={styles.button}
          appearance="subtle"
          icon={<PersonRegular />}
          aria-label={t.shell.account(session.user)}
        >
          <span className={styles.userText}>{session.user}</span>
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{`${session.user} (${t.shell.role[session.role]})`}</MenuGroupHeader>
            <MenuItem icon={<SignOutRegular />} onClick={() => signOut.mutate()}>
              {t.shell.signOut}
            </MenuItem>
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
