// A search box whose text lives in the address: what is typed is looked for after a short rest.
import { SearchBox } from '@fluentui/react-components';
import { useEffect, useState } from 'react';

const REST_MS = 250;

interface Props {
  label: string;
  placeholder: string;
  value: string;
  onSearch: (text: string) => void;
  className?: string | undefined;
}

export function SearchField({ label, placeholder, value, onSearch, className }: Props) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  // Back and Forward change the address under us.
  if (known !== value) {
    setKnown(value);
    setText(value);
  }

  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onSearch(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text, value, onSearch]);

  return (
    <SearchBox
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(_, data) => setText(data.value)}
      {...(className === undefined ? {} : { className })}
    />
  );
}
