// The colours of charts. In high contrast the theme has few colours, so these are its own; no meaning is in a colour
// alone: the legend names it, each bar says its numbers, and a table has them all.
import { tokens } from '@fluentui/react-components';
import type { ChangeKind } from '../../lib/activity';
import { useThemeChoice } from '../../theme/theme';

const usual: Record<ChangeKind, string> = {
  created: tokens.colorStatusSuccessForeground3,
  updated: tokens.colorBrandForeground1,
  deleted: tokens.colorStatusDangerForeground3,
  members: tokens.colorNeutralForeground3,
};
const contrast: Record<ChangeKind, string> = { created: '#3ff23f', updated: '#1aebff', deleted: '#ff8080', members: '#ffff00' };

export function useChangeColours(): Record<ChangeKind, string> {
  return useThemeChoice().shown === 'contrast' ? contrast : usual;
}
