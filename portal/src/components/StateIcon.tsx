// State as icon and colour, never as colour alone: the words stand beside it.
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type { ComponentType } from 'react';
import type { DoctorCheck, RunResult, Severity, SummaryState } from '../api/types';
import {
  ArrowSyncCircleFilled,
  CheckmarkCircleFilled,
  ClockFilled,
  ErrorCircleFilled,
  InfoFilled,
  PauseCircleFilled,
  ShieldErrorFilled,
  SubtractCircleFilled,
  WarningFilled,
} from '../icons';

export type Intent = 'success' | 'warning' | 'error' | 'info' | 'neutral';

interface Look {
  intent: Intent;
  Icon: ComponentType<{ className?: string }>;
}

export const stateLook: Record<SummaryState, Look> = {
  never: { intent: 'neutral', Icon: SubtractCircleFilled },
  inStep: { intent: 'success', Icon: CheckmarkCircleFilled },
  working: { intent: 'info', Icon: ArrowSyncCircleFilled },
  attention: { intent: 'warning', Icon: WarningFilled },
  held: { intent: 'error', Icon: ShieldErrorFilled },
  stopped: { intent: 'error', Icon: ErrorCircleFilled },
  stale: { intent: 'error', Icon: ClockFilled },
  paused: { intent: 'warning', Icon: PauseCircleFilled },
  off: { intent: 'neutral', Icon: SubtractCircleFilled },
};

export const resultLook: Record<RunResult, Look> = {
  success: { intent: 'success', Icon: CheckmarkCircleFilled },
  completedWithErrors: { intent: 'warning', Icon: WarningFilled },
  stoppedDeletionThresholdExceeded: { intent: 'error', Icon: ShieldErrorFilled },
  stoppedImport: { intent: 'error', Icon: ErrorCircleFilled },
  stoppedExport: { intent: 'error', Icon: ErrorCircleFilled },
  staged: { intent: 'neutral', Icon: SubtractCircleFilled },
};

export const checkLook: Record<DoctorCheck['result'], Look> = {
  pass: { intent: 'success', Icon: CheckmarkCircleFilled },
  warn: { intent: 'warning', Icon: WarningFilled },
  fail: { intent: 'error', Icon: ErrorCircleFilled },
  skipped: { intent: 'neutral', Icon: SubtractCircleFilled },
};

export const severityLook: Record<Severity, Look> = {
  blocked: { intent: 'error', Icon: ErrorCircleFilled },
  degraded: { intent: 'warning', Icon: WarningFilled },
  notice: { intent: 'info', Icon: InfoFilled },
};

const useStyles = makeStyles({
  icon: { display: 'inline-flex', flexShrink: 0 },
  success: { color: tokens.colorStatusSuccessForeground3 },
  warning: { color: tokens.colorStatusWarningForeground3 },
  error: { color: tokens.colorStatusDangerForeground3 },
  info: { color: tokens.colorBrandForeground1 },
  neutral: { color: tokens.colorNeutralForeground3 },
});

export function StateIcon({ look, size = 20 }: { look: Look; size?: number }) {
  const styles = useStyles();
  const { Icon, intent } = look;
  return (
    <span className={mergeClasses(styles.icon, styles[intent])} style={{ fontSize: `${size}px` }} aria-hidden>
      <Icon />
    </span>
  );
}
