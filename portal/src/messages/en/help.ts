// The words of the help pane. Loaded with the pane.
export const help = {
  title: 'Help',
  open: 'Open in the book',
  contents: 'Contents of the book',
  working: 'The page of the book is loaded.',
};

export type HelpWords = typeof help;
