// The theme of high contrast, loaded where it is chosen or where the system asks for more contrast.
export { teamsHighContrastTheme as contrastTheme } from '@fluentui/react-components';
