//! `lockstep sample`: writes the organization of `crate::sample` to standard output or a file.

use crate::cli::Sample;
use crate::out::{self, Out};
use crate::sample::{Manifest, SampleOptions, write_ldif_with};
use crate::secret;
use anyhow::Context;
use secrecy::ExposeSecret;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Writes it.
pub(crate) fn run(printer: Out, arguments: &Sample) -> anyhow::Result<()> {
    let password = arguments.sync_password_file.as_deref().map(secret::read_file).transpose()?;
    let options = SampleOptions {
        people: arguments.people,
        seed: arguments.seed,
        suffix: arguments.suffix.clone(),
        domain: arguments.domain.clone(),
        sync_password: password.map(|password| password.expose_secret().to_owned()),
    };
    let bar = out::bar(printer);
    bar.set_message("Writing");
    let progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let written = match &arguments.to {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
            write(&options, BufWriter::new(file), progress)
        }
        None => write(&options, BufWriter::with_capacity(1 << 16, io::stdout().lock()), progress),
    };
    bar.finish_and_clear();
    let manifest = match written {
        Ok(manifest) => manifest,
        // Whoever read it has enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        Err(error) => return Err(error).context("the sample cannot be written"),
    };
    if let Some(path) = &arguments.manifest {
        let text = serde_json::to_string_pretty(&manifest)?;
        std::fs::write(path, text + "\n").with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn write(
    options: &SampleOptions,
    mut to: impl Write,
    progress: impl FnMut(u64, u64),
) -> io::Result<Manifest> {
    let manifest = write_ldif_with(options, &mut to, progress)?;
    to.flush()?;
    Ok(manifest)
}
