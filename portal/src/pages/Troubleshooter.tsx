export function TroubleshooterPage() { return null; }
