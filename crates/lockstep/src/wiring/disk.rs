//! Folders of ours, and how much space is left for them.

use anyhow::Context;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Below this a disk is too full to work with.
const FAIL_BYTES: u64 = 64 * 1024 * 1024;
/// Below this somebody should look.
const WARN_BYTES: u64 = 1024 * 1024 * 1024;

/// Makes a folder that only this account can enter, where it is missing.
pub(crate) fn make_private(folder: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| {
        format!("the folder {} cannot be made; make it and give it to this account", folder.display())
    })
}

/// How a disk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Enough.
    Enough(u64),
    /// Somebody should look.
    Low(u64),
    /// Too little to work with.
    TooLittle(u64),
}

/// How much space is left where a folder is, or will be.
pub(crate) fn space(folder: &Path) -> std::io::Result<Space> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let disk = rustix::fs::statvfs(existing)?;
    Ok(judge(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

fn judge(free: u64) -> Space {
    match free {
        0..FAIL_BYTES => Space::TooLittle(free),
        FAIL_BYTES..WARN_BYTES => Space::Low(free),
        _ => Space::Enough(free),
    }
}

/// A size for people: `1.5 GiB`.
#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
pub(crate) fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "bytes");
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, expect) in [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB")]
        {
            assert_eq!(size(bytes), expect);
        }
    }

    #[test]
    fn a_full_disk_is_told_from_a_low_one() {
        assert_eq!(judge(1024), Space::TooLittle(1024));
        assert_eq!(judge(500 << 20), Space::Low(500 << 20));
        assert_eq!(judge(5 << 30), Space::Enough(5 << 30));
        assert!(space(Path::new("/proc/self/there/is/none")).is_ok());
    }
}
