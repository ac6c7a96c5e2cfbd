// The portal's start.
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router/dom';
import { makeQueryClient } from './api/queryClient';
import './main.css';
import { makeRouter } from './routes';
import { ThemeProvider } from './theme/theme';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element "root"');

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={makeQueryClient()}>
      <ThemeProvider>
        <RouterProvider router={makeRouter()} />
      </ThemeProvider>
    </QueryClientProvider>
  </StrictMode>,
);
