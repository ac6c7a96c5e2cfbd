//! The checks of `lockstep doctor` for an OpenLDAP source, from the name of the host to the account's limits.

use super::csn::Csns;
use super::read::{context_csns, entry, failed};
use super::{OpenLdapSource, SearchBase};
use jiff::{SignedDuration, Timestamp};
use lockstep_ldap::sync::REQUEST_CONTROL;
use lockstep_ldap::{Connection, LdapError, RootDse, SearchRequest, Security};
use lockstep_model::provisioning::{CheckResult, DoctorCheck};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Name and title of each check, in order.
const CHECKS: [(&str, &str); 10] = [
    ("source.dns", "Find the directory's address"),
    ("source.tcp", "Reach the directory"),
    ("source.tls", "Encrypt the connection"),
    ("source.bind", "Sign in to the directory"),
    ("source.base", "Read the search base"),
    ("source.anchor", "Read the source anchor (entryUUID)"),
    ("source.sync", "Content synchronization (RFC 4533)"),
    ("source.position", "Read the directory's position (contextCSN)"),
    ("source.clock", "Clocks of directory and client"),
    ("source.limits", "Read every entry, without a size or time limit"),
];

/// Clocks may differ by this much.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// How long counting the entries may take.
const COUNT_LIMIT: Duration = Duration::from_secs(60);

/// What one check says.
enum Said {
    Pass(String),
    Warn(String, String),
    /// What is wrong and what to do.
    Fail(String, String),
    Skip(String),
}

struct List {
    checks: Vec<DoctorCheck>,
    started: Instant,
}

impl List {
    /// Writes the next check down. True unless it failed.
    fn say(&mut self, said: Said) -> bool {
        let Some((name, title)) = CHECKS.get(self.checks.len()) else { return false };
        let (result, detail, remedy) = match said {
            Said::Pass(detail) => (CheckResult::Pass, detail, None),
            Said::Warn(detail, remedy) => (CheckResult::Warn, detail, Some(remedy)),
            Said::Fail(detail, remedy) => (CheckResult::Fail, detail, Some(remedy)),
            Said::Skip(detail) => (CheckResult::Skipped, detail, None),
        };
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (name, title) = ((*name).to_owned(), (*title).to_owned());
        self.checks.push(DoctorCheck { name, title, result, detail, remedy, millis });
        self.started = Instant::now();
        result != CheckResult::Fail
    }

    fn skip_the_rest(mut self) -> Vec<DoctorCheck> {
        while self.checks.len() < CHECKS.len() {
            self.say(Said::Skip("not tried, because an earlier check failed".to_owned()));
        }
        self.checks
    }
}

pub(super) async fn check(source: &mut OpenLdapSource, now: Timestamp) -> Vec<DoctorCheck> {
    let mut list = List { checks: Vec::new(), started: Instant::now() };
    if !list.say(dns(source).await) || !list.say(tcp(source).await) {
        return list.skip_the_rest();
    }
    let (said, connection) = tls(source).await;
    list.say(said);
    let Some(mut connection) = connection else { return list.skip_the_rest() };
    if !list.say(bind(source, &mut connection).await) {
        return list.skip_the_rest();
    }
    let bases: Vec<String> = source.options.bases.iter().map(|SearchBase(base)| base.clone()).collect();
    if !list.say(base(source, &mut connection, &bases).await)
        || !list.say(anchor(source, &mut connection, &bases).await)
    {
        return list.skip_the_rest();
    }
    let root = connection.root_dse().await;
    if !list.say(sync(&root)) {
        return list.skip_the_rest();
    }
    let csns = match bases.first() {
        Some(base) => context_csns(source, &mut connection, base).await.unwrap_or_default(),
        None => Csns::default(),
    };
    list.say(position(&csns));
    let said = clock(source, &mut connection, &csns, now).await;
    list.say(said);
    let said = limits(source, &mut connection, &bases).await;
    list.say(said);
    connection.close().await;
    list.checks
}

async fn dns(source: &OpenLdapSource) -> Said {
    let endpoint = &source.options.connect.endpoint;
    let lookup = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port));
    let remedy = || "correct the host name in `url`, or this machine's DNS".to_owned();
    match timeout(source.options.connect.timeouts.connect, lookup).await {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
            Said::Pass(format!("{} is {}", endpoint.host, addresses.join(", ")))
        }
        Ok(Err(error)) => Said::Fail(format!("'{}' has no address: {error}", endpoint.host), remedy()),
        Err(_) => Said::Fail(format!("no answer about '{}' in time", endpoint.host), remedy()),
    }
}

async fn tcp(source: &OpenLdapSource) -> Said {
    let endpoint = &source.options.connect.endpoint;
    let remedy =
        || format!("check that the directory runs, and that no firewall blocks port {}", endpoint.port);
    let connect = TcpStream::connect((endpoint.host.as_str(), endpoint.port));
    match timeout(source.options.connect.timeouts.connect, connect).await {
        Ok(Ok(_)) => Said::Pass(format!("port {} answers", endpoint.port)),
        Ok(Err(error)) => Said::Fail(format!("port {} does not answer: {error}", endpoint.port), remedy()),
        Err(_) => Said::Fail(format!("port {} does not answer in time", endpoint.port), remedy()),
    }
}

async fn tls(source: &OpenLdapSource) -> (Said, Option<Connection>) {
    let security = source.options.connect.endpoint.security;
    match Connection::connect(&source.options.connect).await {
        Ok(connection) => {
            let said = match security {
                Security::Tls => Said::Pass("TLS, and the certificate is trusted".to_owned()),
                Security::StartTls => Said::Pass("StartTLS, and the certificate is trusted".to_owned()),
                Security::Plain => Said::Warn(
                    "the connection is not encrypted".to_owned(),
                    "use `ldaps://` or StartTLS unless the directory is on this machine".to_owned(),
                ),
            };
            (said, Some(connection))
        }
        Err(error) => {
            let remedy = "check the directory's certificate, the host name in it, and `ca_file`".to_owned();
            (Said::Fail(chain(&error), remedy), None)
        }
    }
}

async fn bind(source: &OpenLdapSource, connection: &mut Connection) -> Said {
    match connection.sign_in(&source.options.credentials).await {
        Ok(()) => Said::Pass("the account is accepted".to_owned()),
        Err(error @ LdapError::PlaintextBind { .. }) => Said::Fail(
            error.to_string(),
            "use `ldaps://` or StartTLS; `allow_plaintext_bind = true` only if the network is trusted"
                .to_owned(),
        ),
        Err(error) => Said::Fail(chain(&error), "check the bind DN and its password".to_owned()),
    }
}

async fn base(source: &OpenLdapSource, connection: &mut Connection, bases: &[String]) -> Said {
    for base in bases {
        match entry(source, connection, base, &["objectClass"]).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                return Said::Fail(
                    format!("'{base}' is not there, or the account may not see it"),
                    "correct the search base, or give the account read access to it".to_owned(),
                );
            }
            Err(error) => return Said::Fail(chain(&error), "see the directory's log".to_owned()),
        }
    }
    Said::Pass(format!("{} can be read", bases.join("; ")))
}

async fn anchor(source: &OpenLdapSource, connection: &mut Connection, bases: &[String]) -> Said {
    for base in bases {
        match entry(source, connection, base, &["entryUUID"]).await {
            Ok(Some(entry)) if entry.attributes.has("entryuuid") => {}
            Ok(_) => {
                return Said::Fail(
                    format!("entryUUID of '{base}' cannot be read"),
                    "give the account read access to operational attributes (entryUUID, entryCSN, contextCSN)".to_owned(),
                );
            }
            Err(error) => return Said::Fail(chain(&error), "see the directory's log".to_owned()),
        }
    }
    Said::Pass("entryUUID can be read".to_owned())
}

fn sync(root: &Result<RootDse, LdapError>) -> Said {
    let remedy = "load the overlay `syncprov` on the directory's database, with `syncprov-sessionlog 10000`";
    match root {
        Ok(root) if root.has_control(REQUEST_CONTROL) => {
            let vendor = root.vendor.as_deref().unwrap_or("the directory");
            Said::Pass(format!("{vendor} supports it"))
        }
        Ok(root) if root.supported_controls.is_empty() => Said::Warn(
            "the account may not see which controls the directory supports".to_owned(),
            "give it read access to the rootDSE".to_owned(),
        ),
        Ok(_) => Said::Fail("the directory does not support it".to_owned(), remedy.to_owned()),
        Err(error) => Said::Fail(chain(error), remedy.to_owned()),
    }
}

fn position(csns: &Csns) -> Said {
    match csns.newest() {
        Some(newest) => Said::Pass(format!("newest change {newest}")),
        None => Said::Warn(
            "contextCSN cannot be read, so that a directory restored from an older backup is noticed later"
                .to_owned(),
            "give the account read access to contextCSN of the naming context's entry".to_owned(),
        ),
    }
}

/// OpenLDAP tells its time only in its monitor, and there only to those who may; else the newest change must
/// not lie in the future.
async fn clock(source: &OpenLdapSource, connection: &mut Connection, csns: &Csns, now: Timestamp) -> Said {
    let monitor = entry(source, connection, "cn=Current,cn=Time,cn=Monitor", &["monitorTimestamp"]).await;
    let told =
        monitor.ok().flatten().and_then(|entry| entry.attributes.text("monitortimestamp").and_then(time));
    let remedy = || "let both machines take their time from the same source (NTP)".to_owned();
    if let Some(theirs) = told {
        let apart = theirs.duration_since(now);
        let detail = format!("the directory's clock is {} s off this one", apart.as_secs());
        return if apart.abs() > CLOCK_TOLERANCE { Said::Warn(detail, remedy()) } else { Said::Pass(detail) };
    }
    match csns.newest().and_then(time) {
        Some(newest) if newest.duration_since(now) > CLOCK_TOLERANCE => Said::Warn(
            format!("the directory's newest change is of {newest}, which is in the future here"),
            remedy(),
        ),
        Some(newest) => {
            Said::Pass(format!("the directory's newest change is of {newest}, not in the future"))
        }
        None => Said::Skip("the directory does not tell its time".to_owned()),
    }
}

/// GeneralizedTime, or the start of a CSN: `20261122101010[.123456]Z`.
fn time(text: &str) -> Option<Timestamp> {
    let digits = text.get(..14).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    iso.parse().ok()
}

async fn limits(source: &OpenLdapSource, connection: &mut Connection, bases: &[String]) -> Said {
    let remedy = || {
        "give the account no limits (OpenLDAP: `limits dn.exact=\"<bind DN>\" size=unlimited time=unlimited`)"
            .to_owned()
    };
    let count = async {
        let mut count = 0_u64;
        for base in bases {
            let request = SearchRequest::subtree(base.as_str(), source.options.filter.clone(), &["1.1"]);
            let mut search = connection.search(request).await.map_err(|e| failed(source, base, count, e))?;
            while search.next().await.map_err(|cause| failed(source, base, count, cause))?.is_some() {
                count += 1;
            }
        }
        Ok::<_, crate::SourceError>(count)
    };
    match timeout(COUNT_LIMIT, count).await {
        Ok(Ok(count)) => Said::Pass(format!("{count} entries can be read")),
        Ok(Err(error)) => Said::Fail(chain(&error), remedy()),
        Err(_) => Said::Warn(
            format!("counting the entries took more than {} s", COUNT_LIMIT.as_secs()),
            "check the directory's load".to_owned(),
        ),
    }
}

/// An error with its causes, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), expect, "{text}");
        };
        check("20261122101010Z", Some("2026-11-22T10:10:10Z"));
        check("20261122101010.123456Z#000000#000#000000", Some("2026-11-22T10:10:10Z"));
        check("2026", None);
        check("20269922101010Z", None);
        check("Ä0261122101010Z", None);
    }
}
