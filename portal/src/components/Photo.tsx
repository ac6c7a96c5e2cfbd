// A person's picture; initials until it is there, and where there is none.
import { Avatar } from '@fluentui/react-components';
import { usePhoto } from '../api/queries';

export function Photo({ id, name }: { id: string; name: string }) {
  const photo = usePhoto(id);
  return <Avatar name={name} size={48} aria-hidden {...(photo.data ? { image: { src: photo.data, alt: '' } } : {})} />;
}
