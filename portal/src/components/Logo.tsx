// The product's mark: two arrows that pass each other.
import { tokens } from '@fluentui/react-components';

export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="7" fill={tokens.colorBrandBackground} />
      <path
        d="M8 12.5h13l-3.2-3.2M24 19.5H11l3.2 3.2"
        fill="none"
        stroke={tokens.colorNeutralForegroundOnBrand}
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
