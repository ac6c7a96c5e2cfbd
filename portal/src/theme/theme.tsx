// Light and dark: by the system's preference, or by the person's own choice, kept in this browser.
import { FluentProvider, makeStyles, tokens, webDarkTheme, webLightTheme } from '@fluentui/react-components';
import { createContext, use, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react';

export type ThemeChoice = 'system' | 'light' | 'dark';

interface ThemeState {
  choice: ThemeChoice;
  dark: boolean;
  choose: (choice: ThemeChoice) => void;
}

const ThemeContext = createContext<ThemeState>({ choice: 'system', dark: false, choose: () => undefined });

const storageKey = 'lockstep-theme';
const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');

function onPreferenceChange(listener: () => void): () => void {
  prefersDark.addEventListener('change', listener);
  return () => prefersDark.removeEventListener('change', listener);
}

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

const useStyles = makeStyles({
  root: { minHeight: '100vh', backgroundColor: tokens.colorNeutralBackground2, color: tokens.colorNeutralForeground1 },
});

/** Gives the theme to all below. */
export function ThemeProvider({ children }: { children: ReactNode }) {
  const styles = useStyles();
  const [choice, setChoice] = useState(readChoice);
  const systemDark = useSyncExternalStore(onPreferenceChange, () => prefersDark.matches);
  const dark = choice === 'system' ? systemDark : choice === 'dark';

  useEffect(() => {
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
    document.body.style.backgroundColor = dark ? '#1f1f1f' : '#fafafa';
  }, [dark]);

  const state = useMemo<ThemeState>(
    () => ({
      choice,
      dark,
      choose: (next) => {
        setChoice(next);
        try {
          if (next === 'system') localStorage.removeItem(storageKey);
          else localStorage.setItem(storageKey, next);
        } catch {
          // Storage is forbidden: the choice lasts as long as the page.
        }
      },
    }),
    [choice, dark],
  );

  return (
    <ThemeContext value={state}>
      <FluentProvider theme={dark ? webDarkTheme : webLightTheme}>
        {/* Not on the provider itself: its classes go to every menu and pane, which would then cover the page. */}
        <div className={styles.root}>{children}</div>
      </FluentProvider>
    </ThemeContext>
  );
}

export function useThemeChoice(): ThemeState {
  return use(ThemeContext);
}
