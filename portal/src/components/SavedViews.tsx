// Views that a person named: one brings back the search, the filter, the order and the columns.
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  Menu,
  MenuDivider,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  ToolbarButton,
} from '@fluentui/react-components';
import { useState } from 'react';
import type { ListName } from '../api/queries';
import { BookmarkRegular, DeleteRegular } from '../icons';
import { changeTo, keepViews, MOST_LETTERS, savedViews, viewOf, withView, type SavedView } from '../lib/savedViews';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { gridWords } from '../messages/directory';

export function SavedViews({ list, onView }: { list: ListName; onView?: (() => void) | undefined }) {
  const [params, change] = useUrlState();
  const [views, setViews] = useState(() => savedViews(list));
  const [asking, setAsking] = useState(false);
  const now = viewOf(params);
  const current = views.find((view) => view.query === now);
  const keep = (next: SavedView[]) => {
    keepViews(list, next);
    setViews(next);
  };
  return (
    <>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <ToolbarButton icon={<BookmarkRegular />} title={gridWords.saved} {...(current ? {} : { 'aria-label': gridWords.saved })}>
            {current?.name}
          </ToolbarButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            {views.map((view) => (
              <MenuItem
                key={view.name}
                onClick={() => {
                  onView?.();
                  change(changeTo(view.query));
                }}
              >
                {view.name}
              </MenuItem>
            ))}
            {views.length > 0 && <MenuDivider />}
            <MenuItem onClick={() => setAsking(true)}>{gridWords.save}</MenuItem>
            {current && (
              <MenuItem icon={<DeleteRegular />} onClick={() => keep(views.filter((view) => view !== current))}>
                {gridWords.forget(current.name)}
              </MenuItem>
            )}
          </MenuList>
        </MenuPopover>
      </Menu>
      {asking && (
        <NameView
          onClose={() => setAsking(false)}
          onName={(name) => {
            keep(withView(views, { name, query: now }));
            setAsking(false);
          }}
        />
      )}
    </>
  );
}

function NameView({ onClose, onName }: { onClose: () => void; onName: (name: string) => void }) {
  const [name, setName] = useState('');
  return (
    <Dialog
      open
      onOpenChange={(_, data) => {
        if (!data.open) onClose();
      }}
    >
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== '') onName(name.trim());
          }}
        >
          <DialogBody>
            <DialogTitle>{gridWords.saveTitle}</DialogTitle>
            <DialogContent>
              <Field label={gridWords.viewName} hint={gridWords.saveHint} required>
                <Input value={name} maxLength={MOST_LETTERS} onChange={(_, data) => setName(data.value)} />
              </Field>
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>{t.cancel}</Button>
              <Button type="submit" appearance="primary" disabledFocusable={name.trim() === ''}>
                {gridWords.saveSubmit}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
