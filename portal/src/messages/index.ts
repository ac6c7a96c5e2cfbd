// The words in use. A choice of language will be made here.
export { en as t } from './en';
