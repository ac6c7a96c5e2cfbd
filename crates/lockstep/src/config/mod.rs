//! The configuration: one file `lockstep.toml`, `conf.d/*.toml` beside it, then `LOCKSTEP__SECTION__KEY` of the
//! environment. These structs are the documentation: their comments become the JSON schema.
//!
//! **Invariant:** no secret stands in the configuration; it names files (or systemd credentials) that hold them.

mod check;
mod load;
mod maintenance;
mod period;
mod problem;
mod schema;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use load::{Loaded, load};
pub(crate) use period::Period;
pub(crate) use problem::{Problem, Problems};
pub(crate) use schema::schema_text;
pub(crate) use template::TEMPLATE;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Configuration of Lockstep. Relative paths count from the folder of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The server: the cloud directory with its API and portal.
    pub(crate) server: Server,
    /// The organization.
    pub(crate) tenant: Tenant,
    /// The sync client.
    pub(crate) sync: Sync,
    /// The directory to read.
    pub(crate) source: Source,
    /// Further directories, in order: entries of each are joined, by the rules that name it, to people and groups that
    /// those before it make. They need `mapping.rules`.
    pub(crate) further_source: Vec<Source>,
    /// How entries become users and groups.
    pub(crate) mapping: Mapping,
    /// What is logged, and how. Logs go to standard error.
    pub(crate) log: Log,
}

/// The server: the cloud directory with its API and portal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// Address and port to listen on; port 0 takes a free one.
    pub(crate) listen: String,
    /// The address under which browsers reach the server, where that is another one (behind a proxy):
    /// `https://directory.contoso.com`.
    pub(crate) public_url: Option<String>,
    /// Certificate chain for HTTPS, PEM, the server's own certificate first. With `tls_key_file`.
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    pub(crate) tls_key_file: Option<PathBuf>,
    /// Whether plain HTTP may be served to other machines. Passwords and tokens then cross the network readable:
    /// only behind a proxy that does TLS.
    pub(crate) allow_plaintext: bool,
    /// Folder of the tenants' databases, where those are files; and of what the server notes for commands beside it.
    pub(crate) data_dir: PathBuf,
    /// How long deleted objects are kept; until then they can be restored.
    pub(crate) keep_deleted: Period,
    /// The history: runs, and every change of an object.
    pub(crate) history: History,
    /// DNS: whom the server asks for the proof of a domain.
    pub(crate) dns: Dns,
    /// The tenant's database: a file, or PostgreSQL.
    pub(crate) database: Database,
    /// Further tenants of this server: how many are held in memory.
    pub(crate) tenants: Tenants,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: None,
            tls_cert_file: None,
            tls_key_file: None,
            allow_plaintext: false,
            data_dir: "lockstep-data/server".into(),
            keep_deleted: Period::days(30),
            history: History::default(),
            dns: Dns::default(),
            database: Database::default(),
            tenants: Tenants::default(),
        }
    }
}

/// Further tenants of this server (`lockstep tenant create`): how many are held in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tenants {
    /// Most of them held at once; those that pages, sync clients or requests use stay. Of databases that are files at
    /// most so many are open, whoever is connected: each takes up to 15 MB and three threads.
    #[schemars(range(min = 1, max = 10000))]
    pub(crate) open: usize,
    /// How long one is held that nobody uses.
    pub(crate) idle: Period,
}

impl Default for Tenants {
    fn default() -> Self {
        Self { open: 50, idle: Period::minutes(10) }
    }
}

/// The tenant's database: a file, or PostgreSQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// A PostgreSQL database, version 15 or later, without the password:
    /// `postgresql://lockstep@db.contoso.com:5432/lockstep?sslmode=require`. Without it, a SQLite file in `data_dir`.
    pub(crate) url: Option<String>,
    /// File with the password of the address's user; else the systemd credential `server.database.password`.
    pub(crate) password_file: Option<PathBuf>,
    /// Most connections to PostgreSQL, for all tenants together. A quarter of them writes, at least one.
    #[schemars(range(min = 2, max = 1000))]
    pub(crate) connections: usize,
    /// Streaming replicas of the database that lists may be read from, by address as `url` is; the password is the same.
    /// One that is away or behind is passed over.
    pub(crate) read_urls: Vec<String>,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, password_file: None, connections: 12, read_urls: Vec::new() }
    }
}

/// The history: runs, and every change of an object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct History {
    /// How long it is kept.
    pub(crate) keep: Period,
    /// Most room that changes of objects may take in the database, in MiB; beyond that the oldest go first.
    #[schemars(range(min = 1))]
    pub(crate) max_megabytes: u64,
}

impl Default for History {
    fn default() -> Self {
        Self { keep: Period::days(30), max_megabytes: 512 }
    }
}

/// DNS: whom the server asks for the proof of a domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dns {
    /// Resolvers, by IP address, with a port where it is not 53: `192.0.2.53`, `[2001:db8::1]:5353`. None: those of
    /// the system (`/etc/resolv.conf`).
    pub(crate) resolvers: Vec<String>,
    /// How long an answer may take; two are tried.
    pub(crate) timeout: Period,
}

impl Default for Dns {
    fn default() -> Self {
        Self { resolvers: Vec::new(), timeout: Period::seconds(5) }
    }
}

/// The organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tenant {
    /// Its name.
    pub(crate) display_name: String,
    /// The initial domain: always verified, never removed. Sign-in names that cannot be kept get it.
    pub(crate) initial_domain: String,
    /// Domains of the organization.
    pub(crate) domains: Vec<Domain>,
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            display_name: "My organization".into(),
            initial_domain: "organization.onlockstep.example".into(),
            domains: Vec::new(),
        }
    }
}

/// A domain of the organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Domain {
    /// Its name: `contoso.com`.
    pub(crate) name: String,
    /// Whether it belongs to the organization: sign-in names keep it.
    #[serde(default)]
    pub(crate) verified: bool,
}

/// The sync client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sync {
    /// Address of the server to write to. `lockstep up` uses its own.
    pub(crate) server: String,
    /// File with this client's token (`lockstep token create NAME --role sync-client`). Not set: the systemd
    /// credential `sync.token`. `lockstep up` needs none.
    pub(crate) token_file: Option<PathBuf>,
    /// Authorities to trust for the server's certificate, PEM, beside the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Folder of the client's state. It is a cache: it may be deleted while the client is stopped.
    pub(crate) state_dir: PathBuf,
    /// Time between cycles. Changes arrive live; the cycle is the safety net.
    pub(crate) cycle: Period,
    /// How long live deletions wait for others before they are judged together.
    pub(crate) settle: Period,
    /// The status page warns when the last sync is older than this.
    pub(crate) stale_after: Period,
    /// What becomes of an object whose entry is still there and that no rule and no container takes in any more.
    pub(crate) left_scope: LeftScope,
    /// Longest time between reads of the whole directory while the client runs: what they find that live changes
    /// and cycles had missed is reported as drift. Each client reads up to a quarter earlier, at a time of its own, so
    /// that many do not read at once. `0s`: never by schedule.
    pub(crate) full_read: Period,
    /// Times at which nothing is written to the cloud; the directory is still read.
    pub(crate) maintenance: Vec<Maintenance>,
    /// When a plan is held until a person approves it.
    pub(crate) guard: Guard,
    /// Several sync clients of one source: one writes, the others stand by.
    pub(crate) standby: Standby,
}

/// What becomes of what leaves the scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LeftScope {
    /// It is deleted, softly: it can be restored for 30 days.
    #[default]
    Delete,
    /// A user's account is disabled and otherwise stays as it is; a group stays as it is.
    Disable,
    /// It stays as it is.
    Keep,
}

/// A time at which nothing is written to the cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Maintenance {
    /// The days on which it begins. None named: every day.
    #[serde(default)]
    pub(crate) days: Vec<Day>,
    /// When it begins: `22:00`.
    pub(crate) from: String,
    /// When it ends; on the next day where that is not after `from`. Where clocks are changed within it, it is rather
    /// too long than too short.
    pub(crate) to: String,
    /// Whose clock is meant: a name of the IANA database, such as `Europe/Zurich`. Not set: this machine's.
    #[serde(default)]
    pub(crate) time_zone: Option<String>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            server: "http://127.0.0.1:8080".into(),
            token_file: None,
            ca_file: None,
            state_dir: "lockstep-data/client".into(),
            cycle: Period::minutes(30),
            settle: Period::seconds(2),
            stale_after: Period::days(3),
            left_scope: LeftScope::default(),
            full_read: Period::days(7),
            maintenance: Vec::new(),
            guard: Guard::default(),
            standby: Standby::default(),
        }
    }
}

/// Several sync clients of one source: one writes, the others stand by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Standby {
    /// The lease that lets this client write: clients of one source must have the same. Not set: the kind of the
    /// source and `base_dn`, which are the same however many servers the directory has.
    pub(crate) lease: Option<String>,
    /// A stand-by takes over when the client that writes was silent for this long.
    pub(crate) term: Period,
}

impl Default for Standby {
    fn default() -> Self {
        Self { lease: None, term: Period::seconds(15) }
    }
}

/// When a plan is held until a person approves it. Of `count` and `percent` the stricter one holds, for each kind of
/// object; they are also the limit on how many may lose one of their properties.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Guard {
    /// Most users, or groups, that may be deleted at once.
    pub(crate) count: u64,
    /// Most users, or groups, that may be deleted at once, in percent of those the cloud holds.
    #[schemars(range(max = 100))]
    pub(crate) percent: u8,
    /// Most members that one group may lose at once, in percent of those it has. 100: all may go.
    #[schemars(range(max = 100))]
    pub(crate) members_percent: u8,
    /// Members a group must have for `members_percent` to count.
    pub(crate) members_least: u64,
}

impl Default for Guard {
    fn default() -> Self {
        let default = lockstep_model::guard::DeletionThreshold::default();
        let members = lockstep_model::guard::MemberThreshold::default();
        Self {
            count: default.count,
            percent: default.percent,
            members_percent: members.percent,
            members_least: members.least,
        }
    }
}

/// The directory to read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Source {
    /// The name of a further directory, by which rules name it and which stands before the anchors of its entries: 1 to
    /// 32 of the characters a-z, 0-9 and -, a letter first.
    pub(crate) name: Option<String>,
    /// What kind of directory.
    pub(crate) kind: SourceKind,
    /// Address of the directory server: `ldap://host[:389]` or `ldaps://host[:636]`.
    pub(crate) url: Option<String>,
    /// The entry to start at; everything below it is read.
    pub(crate) base_dn: Option<String>,
    /// DN of the account that reads. Not set: anonymous.
    pub(crate) bind_dn: Option<String>,
    /// File with the account's password. Not set: the systemd credential `source.password`, for a further directory
    /// `NAME.password`.
    pub(crate) password_file: Option<PathBuf>,
    /// Protection of the connection. Not set: `ldaps` for an `ldaps://` address, else `none`.
    pub(crate) tls: Option<Protection>,
    /// Authorities to trust for the directory's certificate, PEM, in place of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether the password may cross the network readable. Within this machine it always may.
    pub(crate) allow_plaintext_bind: bool,
    /// Only entries that match this LDAP filter are read. Not set: all.
    pub(crate) filter: Option<String>,
    /// Containers that are taken in, with all below them: DNs, or anchors (`entryUUID`). One chosen by its DN stays
    /// chosen when it is renamed or moved. Not set: all below `base_dn`. Of a further directory all is taken.
    pub(crate) include: Vec<String>,
    /// Containers that are left out, with all below them, chosen as those of `include`; the nearer one counts.
    pub(crate) exclude: Vec<String>,
    /// For `kind = "ldif"`: the file that is the directory.
    pub(crate) file: Option<PathBuf>,
}

/// What kind of directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceKind {
    /// OpenLDAP with the `syncprov` overlay (RFC 4533).
    #[default]
    OpenLdap,
    /// An LDIF file, for trials without a server.
    Ldif,
}

/// Protection of the connection to a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protection {
    /// None.
    None,
    /// StartTLS on the plain port, before anything else is sent.
    StartTls,
    /// TLS from the first byte.
    Ldaps,
}

/// How entries become users and groups. The attribute flows are in the book, `reference/mapping`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mapping {
    /// A rule set (TOML) that decides in place of the built-in mapping; the other keys here then say nothing.
    /// `lockstep rules show` prints one to start from.
    pub(crate) rules: Option<PathBuf>,
    /// The attribute with the sign-in name, `local@domain`.
    pub(crate) user_name_attribute: String,
    /// Entries with one of these object classes are users.
    pub(crate) user_classes: Vec<String>,
    /// Entries with one of these object classes, and none of a user's, are groups.
    pub(crate) group_classes: Vec<String>,
    /// An account is disabled where this attribute has a value other than FALSE, 0 or no
    /// (`pwdAccountLockedTime`, `nsAccountLock`). Not set: none is.
    pub(crate) disabled_attribute: Option<String>,
}

impl Default for Mapping {
    fn default() -> Self {
        let default = lockstep_rules::MappingSettings::default();
        Self {
            rules: None,
            user_name_attribute: default.user_name_attribute,
            user_classes: default.user_classes,
            group_classes: default.group_classes,
            disabled_attribute: default.disabled_attribute,
        }
    }
}

/// What is logged, and how. Logs go to standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// Filter: `info`, `debug`, or by part, as `info,lockstep_ldap=debug`. `LOCKSTEP_LOG` wins over it.
    pub(crate) level: String,
    /// Form of the lines.
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people; in colour on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Every directory with the key of its section: `source`, `further_source[0]`.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (String, &Source)> {
        let further = self
            .further_source
            .iter()
            .enumerate()
            .map(|(at, source)| (format!("further_source[{at}]"), source));
        std::iter::once(("source".to_owned(), &self.source)).chain(further)
    }

    /// The names of the further directories, in their order.
    pub(crate) fn further_names(&self) -> Vec<String> {
        self.further_source.iter().filter_map(|source| source.name.clone()).collect()
    }

    /// The settings of the mapping.
    pub(crate) fn mapping_settings(&self) -> lockstep_rules::MappingSettings {
        lockstep_rules::MappingSettings {
            user_name_attribute: self.mapping.user_name_attribute.clone(),
            user_classes: self.mapping.user_classes.clone(),
            group_classes: self.mapping.group_classes.clone(),
            disabled_attribute: self.mapping.disabled_attribute.clone(),
        }
    }
}
