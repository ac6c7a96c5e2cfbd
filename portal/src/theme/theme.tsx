// Light, dark and high contrast: by the system's preference, or by the person's own choice, kept in this browser.
// Where the system forces its own colours (Windows' contrast themes), those win over any of them.
import { FluentProvider, makeStyles, tokens, webDarkTheme, webLightTheme, type Theme } from '@fluentui/react-components';
import { createContext, use, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react';

export const themeChoices = ['system', 'light', 'dark', 'contrast'] as const;
export type ThemeChoice = (typeof themeChoices)[number];
type Look = Exclude<ThemeChoice, 'system'>;

interface ThemeState {
  choice: ThemeChoice;
  /** What is drawn. */
  shown: Look;
  choose: (choice: ThemeChoice) => void;
}

const ThemeContext = createContext<ThemeState>({ choice: 'system', shown: 'light', choose: () => undefined });

const storageKey = 'lockstep-theme';
const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
const onPaper = window.matchMedia('print');
const prefersContrast = window.matchMedia('(prefers-contrast: more)');

function onPreferenceChange(listener: () => void): () => void {
  prefersDark.addEventListener('change', listener);
  prefersContrast.addEventListener('change', listener);
  return () => {
    prefersDark.removeEventListener('change', listener);
    prefersContrast.removeEventListener('change', listener);
  };
}

function onPaperChange(listener: () => void): () => void {
  onPaper.addEventListener('change', listener);
  return () => onPaper.removeEventListener('change', listener);
}

/** What the system asks for. */
function preferred(): Look {
  if (prefersContrast.matches) return 'contrast';
  return prefersDark.matches ? 'dark' : 'light';
}

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(storageKey);
    return themeChoices.find((choice) => choice === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

const backgrounds: Record<Look, string> = { light: '#fafafa', dark: '#1f1f1f', contrast: '#000000' };

const themes: Record<Look, Theme | undefined> = { light: webLightTheme, dark: webDarkTheme, contrast: undefined };

async function loadContrast() {
  themes.contrast = (await import('./contrast')).contrastTheme;
}

// Where it is wanted from the beginning, the first page is not drawn in another.
if (readChoice() === 'contrast' || (readChoice() === 'system' && preferred() === 'contrast')) await loadContrast();

const useStyles = makeStyles({
  root: { minHeight: '100vh', backgroundColor: tokens.colorNeutralBackground2, color: tokens.colorNeutralForeground1 },
});

/** Gives the theme to all below. */
export function ThemeProvider({ children }: { children: ReactNode }) {
  const styles = useStyles();
  const [choice, setChoice] = useState(readChoice);
  const system = useSyncExternalStore(onPreferenceChange, preferred);
  const printing = useSyncExternalStore(onPaperChange, () => onPaper.matches);
  // Paper is white.
  const wanted = printing ? 'light' : choice === 'system' ? system : choice;
  const [loaded, setLoaded] = useState(themes.contrast !== undefined);
  // On the way to high contrast what comes nearest is shown for a moment.
  const shown = wanted === 'contrast' && !loaded ? 'dark' : wanted;

  useEffect(() => {
    if (wanted === 'contrast' && !loaded) void loadContrast().then(() => setLoaded(true));
  }, [wanted, loaded]);
  useEffect(() => {
    document.documentElement.style.colorScheme = shown === 'light' ? 'light' : 'dark';
    document.documentElement.dataset.theme = shown;
    document.body.style.backgroundColor = backgrounds[shown];
  }, [shown]);

  const state = useMemo<ThemeState>(
    () => ({
      choice,
      shown,
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
    [choice, shown],
  );

  return (
    <ThemeContext value={state}>
      <FluentProvider theme={themes[shown] ?? webDarkTheme}>
        {/* Not on the provider itself: its classes go to every menu and pane, which would then cover the page. */}
        <div className={styles.root}>{children}</div>
      </FluentProvider>
    </ThemeContext>
  );
}

export function useThemeChoice(): ThemeState {
  return use(ThemeContext);
}
