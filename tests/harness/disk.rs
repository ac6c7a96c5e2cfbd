//! A small disk that can be full: a file system in memory with a size, mounted by root or with `sudo`.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A small disk. Unmounted with its value.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one of so many MiB, that everybody may write to.
    ///
    /// # Errors
    /// This account may not mount.
    pub fn mount(mebibytes: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lockstep-disk-").tempdir()?;
        let disk = Self { folder };
        let size = format!("size={mebibytes}m,mode=0777");
        as_root(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", &disk.path().to_string_lossy()])
            .context("the drill of a full disk mounts a small one, for which it must be root's or sudo's")?;
        Ok(disk)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes it larger.
    ///
    /// # Errors
    /// As [`SmallDisk::mount`].
    pub fn grow(&self, mebibytes: u32) -> Result<()> {
        let size = format!("remount,size={mebibytes}m");
        as_root(&["mount", "-o", &size, &self.path().to_string_lossy()])
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open keeps that until it ends.
        let _ = as_root(&["umount", "-l", &self.path().to_string_lossy()]);
    }
}

fn as_root(words: &[&str]) -> Result<()> {
    let (first, rest) = words.split_first().context("no command")?;
    let direct = Command::new(first).args(rest).output()?;
    if direct.status.success() {
        return Ok(());
    }
    let sudo = Command::new("sudo").arg("-n").args(words).output();
    if sudo.is_ok_and(|done| done.status.success()) {
        return Ok(());
    }
    bail!("{}: {}", words.join(" "), String::from_utf8_lossy(&direct.stderr).trim())
}
