//! Secrets: read from files or systemd credentials.

use anyhow::{Context, bail};
use secrecy::SecretString;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes a secret's file may have.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads a secret: the file, else the systemd credential `name`; none where neither is there. One line break at
/// the end is not part of it.
pub(crate) fn read(file: Option<&Path>, name: &str) -> anyhow::Result<Option<SecretString>> {
    match file.map(Path::to_owned).or_else(|| credential(name)) {
        Some(path) => read_file(&path).map(Some),
        None => Ok(None),
    }
}

/// Where systemd put a credential (`LoadCredential=`), if it did.
fn credential(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join(name);
    path.exists().then_some(path)
}

/// Reads the secret that is a file's content.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
        .with_context(|| {
            format!("the secret in {} cannot be read; check the path and its rights", path.display())
        })?;
    if text.len() as u64 > MAX_BYTES {
        bail!("{} is larger than 64 KiB: it holds no password or token", path.display());
    }
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() {
        bail!("{} is empty; write the secret into it", path.display());
    }
    Ok(secret.to_owned().into())
}

/// Writes a file that only this account can read, in place of any other.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let fresh = path.with_extension("new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn one_line_break_is_not_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        for (written, expect) in
            [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a", " a")]
        {
            std::fs::write(&path, written).unwrap();
            assert_eq!(read_file(&path).unwrap().expose_secret(), expect, "{written:?}");
        }
        std::fs::write(&path, "\n").unwrap();
        assert!(read_file(&path).is_err());
        std::fs::write(&path, "x".repeat(70_000)).unwrap();
        assert!(read_file(&path).is_err());
        assert!(read(None, "there.is.none").unwrap().is_none());
    }

    #[test]
    fn files_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        write_private(&path, "a").unwrap();
        write_private(&path, "b").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "b");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
