// Copies a text. Where the browser forbids it (no TLS), the text stands beside the button and can be selected.
import { Button } from '@fluentui/react-components';
import { useState } from 'react';
import { CheckmarkRegular, CopyRegular } from '../icons';
import { t } from '../messages';

const COPIED_SHOWN_MS = 2_000;

interface Props {
  text: string;
  /** What is copied, for readers, where the button is an icon. */
  what?: string;
}

export function Copy({ text, what }: Props) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), COPIED_SHOWN_MS);
    } catch {
      // Forbidden: see above.
    }
  };
  if (what === undefined) {
    return (
      <Button size="small" onClick={() => void copy()} aria-live="polite">
        {copied ? t.copied : t.copy}
      </Button>
    );
  }
  return (
    <Button
      size="small"
      appearance="subtle"
      icon={copied ? <CheckmarkRegular /> : <CopyRegular />}
      onClick={() => void copy()}
      aria-label={copied ? t.copied : t.copyOf(what)}
      title={copied ? t.copied : t.copyOf(what)}
    />
  );
}
