// The frame of every page: header bar, navigation, main content. Landmarks, skip link, live connection.
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { lazy, Suspense, useEffect, useRef, useState, type MouseEvent } from 'react';
import { Outlet, ScrollRestoration, useLocation } from 'react-router';
import { useLiveEvents } from '../api/events';
import type { Session } from '../api/types';
import type { Sheet } from '../lib/shortcuts';
import { NavigationRegular } from '../icons';
import { t } from '../messages';
import { Header } from './Header';
import { Nav } from './Nav';
import { PageSkeleton } from './PageSkeleton';
import { Keys } from './palette/Keys';

const useStyles = makeStyles({
  frame: {
    display: 'grid',
    gridTemplateColumns: '236px minmax(0, 1fr)',
    gridTemplateRows: '48px 1fr',
    minHeight: '100vh',
    '@media (max-width: 860px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
    '@media print': { display: 'block' },
  },
  skip: {
    position: 'absolute',
    top: '4px',
    left: '4px',
    zIndex: 1000,
    padding: '8px 16px',
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForegroundLink,
    borderRadius: tokens.borderRadiusMedium,
    boxShadow: tokens.shadow8,
    transform: 'translateY(-64px)',
    ':focus': { transform: 'none' },
    '@media print': { display: 'none' },
  },
  nav: {
    backgroundColor: tokens.colorNeutralBackground3,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 860px)': { display: 'none' },
  },
  // The navigation stays in sight while a long page scrolls.
  navContent: { position: 'sticky', top: '48px', maxHeight: 'calc(100vh - 48px)', overflowY: 'auto' },
  menuButton: { display: 'none', '@media (max-width: 860px)': { display: 'inline-flex' } },
  main: {
    padding: '24px 32px 48px',
    maxWidth: '1480px',
    minWidth: 0,
    outlineStyle: 'none',
    '@media (max-width: 600px)': { padding: '16px 16px 32px' },
  },
});

// Only narrow windows need it.
const NavDrawer = lazy(async () => ({ default: (await import('./NavDrawer')).NavDrawer }));

const HelpPane = lazy(async () => ({ default: (await import('./help/HelpPane')).HelpPane }));

export function Shell({ session }: { session: Session | undefined }) {
  const styles = useStyles();
  const main = useRef<HTMLElement>(null);
  const [navOpen, setNavOpen] = useState(false);
  const [navOpened, setNavOpened] = useState(false);
  const [help, setHelp] = useState(false);
  const [sheet, setSheet] = useState<Sheet>();
  const { pathname } = useLocation();
  const [openedAt, setOpenedAt] = useState(pathname);

  // Going to a page closes the navigation that lay over it.
  if (openedAt !== pathname) {
    setOpenedAt(pathname);
    setNavOpen(false);
  }

  const openNav = () => {
    setNavOpen(true);
    // It stays in the document from then on, so that it can close in its own time.
    setNavOpened(true);
  };

  const skip = (event: MouseEvent) => {
    event.preventDefault();
    main.current?.focus();
  };

  return (
    <div className={styles.frame}>
      <a href="#main" className={styles.skip} onClick={skip}>
        {t.shell.skip}
      </a>
      {session ? <LiveHeader session={session} onOpenNav={openNav} onSearch={() => setSheet('palette')} onHelp={() => setHelp(true)} menuClass={styles.menuButton} /> : <Header />}
      <nav className={styles.nav} aria-label={t.shell.nav}>
        <div className={styles.navContent}>
          <Nav />
        </div>
      </nav>
      <Suspense fallback={null}>{navOpened && <NavDrawer open={navOpen} onClose={() => setNavOpen(false)} />}</Suspense>
      <main id="main" ref={main} tabIndex={-1} className={styles.main}>
        {session ? <Outlet /> : <PageSkeleton />}
      </main>
      <Suspense fallback={null}>{help && <HelpPane pathname={pathname} onClose={() => setHelp(false)} />}</Suspense>
      {session && <Keys session={session} sheet={sheet} onSheet={setSheet} />}
      <ScrollRestoration />
    </div>
  );
}

function LiveHeader(props: { session: Session; onOpenNav: () => void; onSearch: () => void; onHelp: () => void; menuClass: string }) {
  const connection = useLiveEvents();
  // A page that was open over night: what it shows is asked anew by events.ts when the connection is back.
  useEffect(() => {
    document.documentElement.dataset.live = connection;
  }, [connection]);
  return (
    <Header
      session={props.session}
      connection={connection}
      onSearch={props.onSearch}
      onHelp={props.onHelp}
      navButton={
        <Button
          className={props.menuClass}
          appearance="subtle"
          icon={<NavigationRegular />}
          aria-label={t.shell.openNav}
          onClick={props.onOpenNav}
        />
      }
    />
  );
}
