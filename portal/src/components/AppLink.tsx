// Links that look like Fluent's and move like the router's.
import { Button, Link, type ButtonProps } from '@fluentui/react-components';
import type { MouseEvent, ReactNode } from 'react';
import { useHref, useLinkClickHandler } from 'react-router';

export function AppLink({ to, children, className }: { to: string; children: ReactNode; className?: string | undefined }) {
  const href = useHref(to);
  const go = useLinkClickHandler(to);
  return (
    <Link href={href} className={className} onClick={(event) => go(event)}>
      {children}
    </Link>
  );
}

interface LinkButtonProps {
  to: string;
  children: ReactNode;
  appearance?: ButtonProps['appearance'];
  icon?: ButtonProps['icon'];
}

/** A link that looks like a button. */
export function LinkButton({ to, children, appearance = 'secondary', icon }: LinkButtonProps) {
  const href = useHref(to);
  const go = useLinkClickHandler(to);
  return (
    <Button
      as="a"
      href={href}
      appearance={appearance}
      {...(icon === undefined ? {} : { icon })}
      onClick={(event: MouseEvent<HTMLAnchorElement>) => go(event)}
    >
      {children}
    </Button>
  );
}
