export type Theme = 'system' | 'light' | 'dark';

const KEY = 'theme';

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

let current = $state<Theme>(stored());

/** The chosen theme, kept in this browser; `app.html` applies it before the first paint. */
export const theme = {
  get current() {
    return current;
  },
  set current(value: Theme) {
    current = value;
    if (value === 'system') {
      localStorage.removeItem(KEY);
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem(KEY, value);
      document.documentElement.dataset.theme = value;
    }
  },
};
