//! What a schema cannot say: whether addresses, names and combinations make sense. Nothing is asked of the
//! network or the disk here; `lockstep doctor` does that.

use super::load::Loaded;
use super::problem::{Problem, Problems};
use super::{Period, Protection, Source, SourceKind};
use lockstep_ldap::{Endpoint, Filter};
use lockstep_model::Dn;
use lockstep_model::provisioning::MAX_LEASE_NAME_BYTES;
use lockstep_tenant::domains::is_domain_name;
use std::net::{IpAddr, SocketAddr};

impl Loaded {
    /// Whether a directory to read is configured: asked by the commands that read one.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn require_source(&self) -> Result<(), Problems> {
        let mut problems = Vec::new();
        for (section, source) in self.config.sources() {
            let mut missing = |key: &str, remedy: &str| {
                problems.push(self.problem(&format!("{section}.{key}"), "is not set", remedy));
            };
            match source.kind {
                SourceKind::OpenLdap => {
                    if source.url.is_none() {
                        missing("url", "write the directory's address, `url = \"ldap://host\"`");
                    }
                    if source.base_dn.is_none() {
                        missing("base_dn", "write where to start, `base_dn = \"dc=contoso,dc=com\"`");
                    }
                }
                SourceKind::Ldif => {
                    if source.file.is_none() {
                        missing("file", "write the LDIF file's path, `file = \"people.ldif\"`");
                    }
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}

/// Everything that is wrong, in the order of the sections.
pub(super) fn problems(loaded: &Loaded) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut add = |key: &str, what: String, remedy: &str| found.push(loaded.problem(key, what, remedy));
    server(loaded, &mut add);
    database(loaded, &mut add);
    dns(loaded, &mut add);
    tenant(loaded, &mut add);
    sync(loaded, &mut add);
    for (section, one) in loaded.config.sources() {
        source(&section, one, &mut add);
    }
    further(loaded, &mut add);
    mapping(loaded, &mut add);
    found
}

type Add<'a> = dyn FnMut(&str, String, &str) + 'a;

fn database(loaded: &Loaded, add: &mut Add<'_>) {
    let database = &loaded.config.server.database;
    let Some(url) = &database.url else {
        if database.password_file.is_some() {
            add(
                "server.database.password_file",
                "is set without `url`".to_owned(),
                "write whose password it is, `url = \"postgresql://user@host:5432/database\"`",
            );
        }
        if !database.read_urls.is_empty() {
            add(
                "server.database.read_urls",
                "is set without `url`".to_owned(),
                "write what they are replicas of, `url = \"postgresql://user@host:5432/database\"`",
            );
        }
        return;
    };
    address("server.database.url", url, add);
    for (at, url) in database.read_urls.iter().enumerate() {
        address(&format!("server.database.read_urls[{at}]"), url, add);
    }
}

fn address(key: &str, url: &str, add: &mut Add<'_>) {
    let rest = ["postgresql://", "postgres://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let Some(rest) = rest else {
        add(
            key,
            "is no address of a PostgreSQL database".to_owned(),
            "write one such as \"postgresql://user@host:5432/database\"",
        );
        return;
    };
    // A configuration is shown, copied and mailed; a password is not.
    let user = rest.split_once('@').map(|(user, _)| user).unwrap_or_default();
    if user.contains(':') || rest.contains("password=") {
        add(
            key,
            "holds a password".to_owned(),
            "write the password into a file of its own, and its path as `password_file`",
        );
    }
}

fn server(loaded: &Loaded, add: &mut Add<'_>) {
    let server = &loaded.config.server;
    let tls = server.tls_cert_file.is_some() || server.tls_key_file.is_some();
    match server.listen.parse::<SocketAddr>() {
        Err(_) => add(
            "server.listen",
            format!("\"{}\" is no address with a port", server.listen),
            "write an IP address and a port, such as \"127.0.0.1:8080\", \"0.0.0.0:8443\" or \"[::1]:8080\"",
        ),
        Ok(address) if !tls && !server.allow_plaintext && !address.ip().is_loopback() => add(
            "server.listen",
            format!("plain HTTP on {address} would carry passwords and tokens readable over the network"),
            "set `tls_cert_file` and `tls_key_file`; or, behind a proxy that does TLS, `allow_plaintext = true`",
        ),
        Ok(_) => {}
    }
    if server.tls_cert_file.is_some() != server.tls_key_file.is_some() {
        let (set, other) = if server.tls_cert_file.is_some() {
            ("tls_cert_file", "tls_key_file")
        } else {
            ("tls_key_file", "tls_cert_file")
        };
        add(&format!("server.{set}"), format!("is set without `{other}`"), "set both, or neither");
    }
    match &server.public_url {
        Some(url) if !http_url("server.public_url", url, add) => {}
        Some(url) if tls && !url.starts_with("https://") => {
            add("server.public_url", "contradicts the certificate".into(), "write the https:// address");
        }
        None if tls => add(
            "server.public_url",
            "is not set, and with TLS the address must be the certificate's".into(),
            "write the https:// address that browsers use",
        ),
        _ => {}
    }
    if server.keep_deleted < Period::days(1) {
        add(
            "server.keep_deleted",
            format!("{} is too short to notice a mistake", server.keep_deleted),
            "write at least \"1d\"",
        );
    }
    if server.history.keep < Period::days(1) {
        add(
            "server.history.keep",
            format!("{} is too short to look into what went wrong", server.history.keep),
            "write at least \"1d\"",
        );
    }
}

fn dns(loaded: &Loaded, add: &mut Add<'_>) {
    let dns = &loaded.config.server.dns;
    for (at, text) in dns.resolvers.iter().enumerate() {
        if crate::wiring::dns::address_of(text).is_none() {
            let remedy = "write one such as \"192.0.2.53\" or \"192.0.2.53:5353\"";
            add(&format!("server.dns.resolvers[{at}]"), format!("\"{text}\" is no IP address"), remedy);
        }
    }
    if dns.timeout < Period::seconds(1) || dns.timeout > Period::seconds(10) {
        let what = format!("{} is no time to wait for an answer", dns.timeout);
        add("server.dns.timeout", what, "write \"1s\" to \"10s\"");
    }
}

fn tenant(loaded: &Loaded, add: &mut Add<'_>) {
    let tenant = &loaded.config.tenant;
    const REMEDY: &str = "write a DNS name such as \"contoso.com\"";
    if tenant.display_name.trim().is_empty() {
        add("tenant.display_name", "is empty".into(), "write the organization's name");
    }
    if !is_domain_name(&tenant.initial_domain) {
        add("tenant.initial_domain", format!("\"{}\" is no domain name", tenant.initial_domain), REMEDY);
    }
    for (at, domain) in tenant.domains.iter().enumerate() {
        let key = format!("tenant.domains[{at}]");
        let same = |other: &str| other.eq_ignore_ascii_case(&domain.name);
        if !is_domain_name(&domain.name) {
            add(&key, format!("\"{}\" is no domain name", domain.name), REMEDY);
        } else if tenant.domains.iter().take(at).any(|other| same(&other.name)) {
            add(&key, format!("\"{}\" is listed twice", domain.name), "remove one");
        } else if same(&tenant.initial_domain) && !domain.verified {
            add(&key, "the initial domain is always verified".into(), "remove the line");
        }
    }
}

fn sync(loaded: &Loaded, add: &mut Add<'_>) {
    let sync = &loaded.config.sync;
    if http_url("sync.server", &sync.server, add) && sync.server.starts_with("http://") {
        let host = host_of(&sync.server);
        let local =
            host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !local {
            add(
                "sync.server",
                format!("plain HTTP to {host} would carry the token readable over the network"),
                "write the server's https:// address",
            );
        }
    }
    if sync.cycle < Period::seconds(1) {
        add(
            "sync.cycle",
            format!("{} is too short", sync.cycle),
            "write at least \"1s\"; changes arrive live anyway",
        );
    }
    if sync.settle > Period::seconds(60) {
        add("sync.settle", format!("{} would keep deletions waiting", sync.settle), "write at most \"60s\"");
    }
    if sync.stale_after < Period::minutes(1) {
        add("sync.stale_after", format!("{} would always warn", sync.stale_after), "write at least \"1m\"");
    }
    let term = sync.standby.term;
    if term < Period::seconds(3) || term > Period::minutes(10) {
        add(
            "sync.standby.term",
            format!("{term} would make stand-bys take over at every hiccup, or hardly ever"),
            "write \"3s\" to \"10m\"",
        );
    }
    if let Some(lease) = &sync.standby.lease
        && (lease.is_empty() || lease.len() > MAX_LEASE_NAME_BYTES)
    {
        let remedy = "write a short name that the clients of this source share";
        add("sync.standby.lease", format!("has {} bytes", lease.len()), remedy);
    }
    if sync.full_read > Period::seconds(0) && sync.full_read < Period::minutes(1) {
        add(
            "sync.full_read",
            format!("{} would read the directory all the time", sync.full_read),
            "write at least \"1m\", or \"0s\" for none by schedule",
        );
    }
    for (at, window) in sync.maintenance.iter().enumerate() {
        if let Err(problem) = window.read() {
            add(&format!("sync.maintenance[{at}]"), problem.what, problem.remedy);
        }
    }
}

fn source(section: &str, source: &Source, add_to: &mut Add<'_>) {
    let mut add = |key: &str, what: String, remedy: &str| add_to(&format!("{section}.{key}"), what, remedy);
    if let Some(url) = &source.url {
        let is_tls = url.to_ascii_lowercase().starts_with("ldaps://");
        match (source.tls, is_tls) {
            (Some(Protection::None | Protection::StartTls), true) => {
                add(
                    "tls",
                    "contradicts the ldaps:// address".into(),
                    "remove `tls`, or write an ldap:// address",
                );
            }
            (Some(Protection::Ldaps), false) => {
                add("tls", "\"ldaps\" needs an ldaps:// address".into(), "write `url = \"ldaps://host\"`");
            }
            _ => {}
        }
        let start_tls = source.tls == Some(Protection::StartTls) && !is_tls;
        if let Err(error) = Endpoint::parse(url, start_tls) {
            add("url", error.to_string(), "write `ldap://host`, `ldap://host:port` or `ldaps://host`");
        }
    }
    let named = [("base_dn", &source.base_dn), ("bind_dn", &source.bind_dn)];
    let of = |key: &'static str, list: &'_ [String]| -> Vec<(String, String)> {
        let named = list.iter().enumerate().filter(|(_, text)| !is_uuid(text));
        named.map(|(at, text)| (format!("{key}[{at}]"), text.clone())).collect()
    };
    let mut listed = of("include", &source.include);
    listed.extend(of("exclude", &source.exclude));
    let named = named.into_iter().filter_map(|(key, dn)| Some((key.to_owned(), dn.clone()?)));
    for (key, dn) in named.chain(listed) {
        if let Err(error) = Dn::parse(&dn) {
            add(
                &key,
                format!("\"{dn}\" is no distinguished name ({error})"),
                "write it as the directory shows it",
            );
        }
    }
    if source.password_file.is_some() && source.bind_dn.is_none() {
        add("password_file", "is set without `bind_dn`".into(), "write whose password it is");
    }
    if let Some(filter) = &source.filter
        && let Err(error) = Filter::parse(filter)
    {
        add(
            "filter",
            format!("\"{filter}\" is no LDAP filter ({error})"),
            "write it as `ldapsearch` takes it",
        );
    }
}

/// What further directories need beside what each does.
fn further(loaded: &Loaded, add: &mut Add<'_>) {
    let config = &loaded.config;
    if config.source.name.is_some() {
        add("source.name", "only further directories have names".into(), "remove the line");
    }
    for (at, source) in config.further_source.iter().enumerate() {
        let key = |key: &str| format!("further_source[{at}].{key}");
        let remedy = "write one of 1 to 32 of the characters a-z, 0-9 and -, such as \"hr\"";
        match &source.name {
            None => add(&key("name"), "is not set".into(), remedy),
            Some(name) if !lockstep_rules::is_source_name(name) => {
                add(&key("name"), format!("\"{name}\" is no name of a directory"), remedy);
            }
            Some(name) => {
                let mut before = config.further_source.iter().take(at);
                if before.any(|other| other.name.as_ref() == Some(name)) {
                    add(&key("name"), format!("\"{name}\" is the name of another one"), "write another");
                }
            }
        }
        for (name, list) in [("include", &source.include), ("exclude", &source.exclude)] {
            if !list.is_empty() {
                let remedy = "use `base_dn` and `filter`, or a condition in its rules";
                add(&key(name), "of a further directory no containers can be chosen".into(), remedy);
            }
        }
    }
    if !config.further_source.is_empty() && config.mapping.rules.is_none() {
        let remedy =
            "write rules that name it with `from`; the book's page on several directories begins one";
        add("further_source", "is joined by nothing without `mapping.rules`".into(), remedy);
    }
}

/// Whether a text has the form of an `entryUUID` (RFC 4122).
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn mapping(loaded: &Loaded, add: &mut Add<'_>) {
    let mapping = &loaded.config.mapping;
    if mapping.rules.is_some() {
        let others = ["user_name_attribute", "user_classes", "group_classes", "disabled_attribute"];
        for key in others.map(|name| format!("mapping.{name}")) {
            if loaded.is_set(&key) {
                add(&key, "says nothing beside `rules`".into(), "remove it, or remove `rules`");
            }
        }
    }
    let named = [
        ("mapping.user_name_attribute", Some(&mapping.user_name_attribute)),
        ("mapping.disabled_attribute", mapping.disabled_attribute.as_ref()),
    ];
    for (key, name) in named {
        let Some(name) = name else { continue };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-;.".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            add(key, format!("\"{name}\" is no attribute name"), "write one such as \"mail\"");
        } else if name.to_ascii_lowercase().contains("password") || name.eq_ignore_ascii_case("jpegPhoto") {
            add(key, format!("`{name}` is never read"), "write another attribute");
        }
    }
    if mapping.user_classes.is_empty() && mapping.group_classes.is_empty() {
        add(
            "mapping.user_classes",
            "no object class is taken in, nothing would be synced".into(),
            "remove the line for the default",
        );
    }
}

/// Whether the text is a usable address; if not, says so.
fn http_url(key: &str, url: &str, add: &mut Add<'_>) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let usable = rest.is_some_and(|rest| !host_of(url).is_empty() && !rest.contains(['@', '?', '#', ' ']));
    if !usable {
        add(key, format!("\"{url}\" is no web address"), "write `https://host` or `https://host:port`");
    }
    usable
}

/// The host of `scheme://host:port/path`, without brackets.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    }
}
