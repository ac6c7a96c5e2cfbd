//! TLS to PostgreSQL: the certificate is verified by the authorities that the machine trusts, or nothing is said at all.

use anyhow::{Context, Result, ensure};
use lockstep_tests::provisioning::{send, user};
use lockstep_tests::{Certificates, Lockstep, Postgres, Setup};
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

/// A PostgreSQL that takes connections over TLS only, and its authority's certificate.
struct House {
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl House {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let authority = folder.path().join("authority.pem");
        let postgres = Postgres::start_with(false, |data, user| {
            let made = Certificates::make(data)?;
            if let Some((uid, gid)) = user {
                for path in [&made.certificate, &made.key] {
                    chown(path, Some(uid), Some(gid))?;
                }
            }
            fs::copy(&made.authority, &authority)?;
            fs::write(
                data.join("pg_hba.conf"),
                "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
            )?;
            Ok(vec![
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", made.certificate.display()),
                format!("ssl_key_file={}", made.key.display()),
            ])
        })?;
        for mode in ["require", "prefer", "disable"] {
            postgres.database(mode, None)?;
        }
        fs::write(folder.path().join("password"), Postgres::PASSWORD)?;
        Ok(Self { postgres, folder })
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A server that trusts `authority` and nobody else. Each way to connect has a database of its own.
    fn server(&self, mode: &str, authority: &Path) -> Result<Lockstep> {
        let more = format!(
            "[server.database]\nurl = \"postgresql://{}@127.0.0.1:{}/{mode}?sslmode={mode}\"\npassword_file = \"{}\"\n",
            Postgres::ROLE,
            self.postgres.port(),
            self.folder.path().join("password").display()
        );
        let environment = vec![("SSL_CERT_FILE".to_owned(), authority.display().to_string())];
        Lockstep::start(Setup { more, environment, ..Setup::without_directory() })
    }

    /// That no server starts, for a reason that has these words.
    fn refused(&self, mode: &str, authority: &Path, words: &[&str]) -> Result<()> {
        let Err(error) = self.server(mode, authority) else {
            anyhow::bail!("a server with sslmode={mode} started");
        };
        let text = format!("{error:#}");
        for word in words {
            ensure!(text.contains(word), "the text does not say {word:?}: {text}");
        }
        ensure!(!text.contains(Postgres::PASSWORD), "the password is told: {text}");
        Ok(())
    }
}

#[test]
fn every_connection_is_encrypted_where_the_authority_is_trusted() -> Result<()> {
    let house = House::start()?;
    let lockstep = house.server("require", &house.authority())?;
    let answer = send(lockstep.address(), lockstep.client_token(), &[user("ann", &["ann@contoso.com"])])?;
    ensure!(answer.status == 200, "HTTP {}: {}", answer.status, answer.text());
    ensure!(
        lockstep.get("/v1.0/users/ann@contoso.com")?["displayName"] == "ann of Contoso",
        "ann is not there"
    );
    let sql = "SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
               WHERE application_name = 'lockstep'";
    let said = house.postgres.sql("postgres", sql)?;
    let (all, encrypted) = said.split_once('|').with_context(|| said.clone())?;
    // The writer, the readers, and who listens.
    ensure!(all == encrypted && all.parse::<u32>()? >= 3, "of {all} connections {encrypted} are encrypted");
    drop(lockstep);
    // What is preferred is verified too.
    house.server("prefer", &house.authority()).map(drop)
}

#[test]
fn a_certificate_of_another_authority_is_refused() -> Result<()> {
    let house = House::start()?;
    let other = tempfile::tempdir()?;
    let other = Certificates::make(other.path()).map(|made| (made, other))?;
    for mode in ["require", "prefer"] {
        house.refused(mode, &other.0.authority, &["PostgreSQL cannot be reached", "certificate"])?;
    }
    house.refused("disable", &house.authority(), &["PostgreSQL cannot be reached", "pg_hba.conf"])
}
