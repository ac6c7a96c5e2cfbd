// A message across the page. Its form is fixed by the window's width and the length of its words, and is not
// measured after it was drawn, so that nothing below it jumps.
import { MessageBar, MessageBarActions, MessageBarBody, type MessageBarProps } from '@fluentui/react-components';
import { useSyncExternalStore, type ReactNode } from 'react';

const narrow = window.matchMedia('(max-width: 860px)');

function onWidth(listener: () => void): () => void {
  narrow.addEventListener('change', listener);
  return () => narrow.removeEventListener('change', listener);
}

interface Props {
  intent: NonNullable<MessageBarProps['intent']>;
  children: ReactNode;
  action?: ReactNode;
  /** The words may take more than one line on a wide window too. */
  long?: boolean;
  alert?: boolean;
  className?: string | undefined;
}

export function Banner({ intent, children, action, long = false, alert = false, className }: Props) {
  const isNarrow = useSyncExternalStore(onWidth, () => narrow.matches);
  return (
    <MessageBar
      intent={intent}
      layout={long || isNarrow ? 'multiline' : 'singleline'}
      {...(alert ? { role: 'alert' } : {})}
      {...(className === undefined ? {} : { className })}
    >
      <MessageBarBody>{children}</MessageBarBody>
      {action !== undefined && <MessageBarActions>{action}</MessageBarActions>}
    </MessageBar>
  );
}
