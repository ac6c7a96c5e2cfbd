// Listens to the keys of the whole portal. What they open is loaded when it is first wanted.
import { lazy, Suspense, useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import type { Session } from '../../api/types';
import { deedOf, isTyping, SEQUENCE_MS, singleKeysOn, type Sheet } from '../../lib/shortcuts';

const loadPalette = async () => ({ default: (await import('./Palette')).Palette });
const Palette = lazy(loadPalette);
const KeySheet = lazy(async () => ({ default: (await import('./KeySheet')).KeySheet }));

interface Props {
  session: Session;
  sheet: Sheet | undefined;
  onSheet: (sheet: Sheet | undefined) => void;
}

export function Keys({ session, sheet, onSheet }: Props) {
  const navigate = useNavigate();
  const gAt = useRef(Number.NEGATIVE_INFINITY);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      // Ctrl is down, K may follow: what is typed after it is meant for the palette.
      if (event.key === 'Control' || event.key === 'Meta') void loadPalette();
      const deed = deedOf(event, isTyping(event.target), event.timeStamp - gAt.current < SEQUENCE_MS, singleKeysOn());
      gAt.current = Number.NEGATIVE_INFINITY;
      if (deed === undefined) return;
      event.preventDefault();
      if ('wait' in deed) gAt.current = event.timeStamp;
      else if ('go' in deed) void navigate(deed.go);
      else onSheet(deed.open);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, onSheet]);

  return (
    <Suspense>
      {sheet === 'palette' && <Palette session={session} onClose={() => onSheet(undefined)} onKeys={() => onSheet('help')} />}
      {sheet === 'help' && <KeySheet onClose={() => onSheet(undefined)} />}
    </Suspense>
  );
}
