//! The command line: its words, their help, nothing else.

use crate::config::Period;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;

/// What stands below the list of commands in `lockstep --help`.
const AFTER: &str = "\
The first day:
  lockstep config init > lockstep.toml    write a commented configuration
  lockstep doctor                         let it be examined
  lockstep precheck                       see which values the cloud would refuse
  lockstep sync preview                   see what would be written
  lockstep up                             start

Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 held until a person approves;
4 the pre-check found something.";

/// Keeps an on-premises directory and a cloud directory in step, live, and shows on one page whether they are.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, after_help = AFTER, disable_help_subcommand = true, propagate_version = false)]
#[command(max_term_width = 100)]
pub(crate) struct Cli {
    /// Configuration file [default: ./lockstep.toml, else /etc/lockstep/lockstep.toml]
    #[arg(long, short, global = true, env = "LOCKSTEP_CONFIG", value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(hide_env = true, help_heading = "Everywhere")]
    pub(crate) config: Option<PathBuf>,
    /// Form of what is printed
    #[arg(
        long,
        short,
        global = true,
        help_heading = "Everywhere",
        value_name = "FORM",
        default_value = "text",
        hide_default_value = true
    )]
    pub(crate) output: Form,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server and one sync client in one process
    Up(Up),
    /// Run the server: the cloud directory with its API and portal
    Server(ServerArgs),
    /// Read the directory and write to the server
    #[command(subcommand)]
    Sync(Sync),
    /// Say in one sentence and a table whether all is in step
    Status(Remote),
    /// Show what became of users and groups: when, from what to what, by which rule, in which run
    History(History),
    /// Examine the installation; say for each failure what to do
    Doctor(Remote),
    /// Say what the cloud would refuse of the directory's values, and what to write instead; nothing is written
    Precheck(Precheck),
    /// Compare every object of the tenant with the directory; say what differs
    Verify(Verify),
    /// Write a checked copy of the tenant, while the server runs
    Backup(Backup),
    /// Put a backup in the place of the tenant, which is kept beside it
    Restore(Restore),
    /// Write a sample organization as LDIF, with known defects
    Sample(Sample),
    /// Manage who may sign in to the portal
    User(UserArgs),
    /// Manage the bearer tokens of programs
    Token(TokenArgs),
    /// Manage the tenants of this server: organizations that know nothing of each other
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Write, check or describe the configuration
    #[command(subcommand)]
    Config(Config),
    /// Check and test sync rules, or print those that come with Lockstep
    #[command(subcommand)]
    Rules(Rules),
    /// Write shell completions to standard output
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Address to listen on, in place of [server] listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Address to listen on, in place of [server] listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sync {
    /// Follow the directory until stopped: every change as it happens, and a cycle as safety net
    Run,
    /// Run one cycle; the exit code says how it ended
    Once {
        /// Read the whole directory, not only what changed
        #[arg(long)]
        full: bool,
    },
    /// Print what a cycle would write; nothing is written
    Preview {
        /// Objects to list at most
        #[arg(long, value_name = "N", default_value_t = 200)]
        limit: u32,
        /// A draft rule set to plan by, in place of the configured rules
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        rules: Option<PathBuf>,
        /// With --rules: only what the draft changes of the plan of today's rules
        #[arg(long, requires = "rules")]
        compare: bool,
    },
    /// Say what differs between two plans that `preview --output json` printed
    Compare {
        /// The plan before
        #[arg(value_hint = ValueHint::FilePath)]
        before: PathBuf,
        /// The plan after
        #[arg(value_hint = ValueHint::FilePath)]
        after: PathBuf,
    },
    /// Say of one object whether it is in scope, where each value comes from, and what comes next
    Explain {
        /// Its anchor (entryUUID), DN, uid, mail address or name
        object: String,
        /// A draft rule set to explain it by, in place of the configured rules
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        rules: Option<PathBuf>,
    },
    /// Sync one object now: read it again, and write what it needs
    Object {
        /// Its anchor (entryUUID) or DN; of what was read before also its uid, mail address or name
        object: String,
        /// Take it in though it lies outside the containers chosen; until it is synced without this
        #[arg(long)]
        ignore_scope: bool,
    },
    /// Approve what a held plan takes away: exactly that, no more
    Approve {
        /// The plan's digest, as the status and the preview show it
        digest: String,
        /// Who approves [default: the name of the account that runs this]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Let the stand-by write from now on, and follow it
    HandOver,
    /// Enrol a new sync client: the portal's set-up guide gives the code, and then the directory to read
    Enroll(Enroll),
}

#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// The server to write to
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) server: String,
    /// The enrolment code; it works once, for an hour
    #[arg(long, value_name = "CODE", conflicts_with = "code_file")]
    pub(crate) code: Option<String>,
    /// File with the code, to keep it out of the list of processes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) code_file: Option<PathBuf>,
    /// Authorities to trust for the server's certificate, PEM, beside the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Folder for the client's configuration, token and state; made where it is missing
    #[arg(long, value_name = "FOLDER", default_value = "lockstep", value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args, Clone, Default)]
pub(crate) struct Remote {
    /// The server to ask [default: the one that runs here, else [sync] server]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) server: Option<String>,
    /// File with a token [default: a short-lived one from the database, where that is on this machine]
    #[arg(long, value_name = "FILE", env = "LOCKSTEP_TOKEN_FILE", hide_env = true, value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Only this object: its id, source anchor, sign-in name or mail address
    #[arg(long, value_name = "OBJECT")]
    pub(crate) object: Option<String>,
    /// Only this run
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Not before: a time such as 2026-05-04T10:00:00Z, or how long ago, such as 2d
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Not after: likewise
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only what was created, matched, restored, updated, deleted, refused, membership or recalculated
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Option<String>,
    /// Only where this property changed
    #[arg(long, value_name = "NAME")]
    pub(crate) property: Option<String>,
    /// Only where a rule with this text gave a value
    #[arg(long, value_name = "TEXT")]
    pub(crate) rule: Option<String>,
    /// Only where a name or value holds this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Changes to show at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u32,
    /// Write all that match, as a file for other programs, to standard output
    #[arg(long, value_name = "FORMAT")]
    pub(crate) export: Option<Export>,
}

/// Form of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Export {
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    Jsonl,
}

#[derive(Debug, Args)]
pub(crate) struct Precheck {
    /// An LDIF file to check, in place of the configured directory
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Write the accepted proposals as LDIF, for ldapmodify; a file that is there is not overwritten
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ldif: Option<PathBuf>,
    /// Where to write the LDIF that takes them back [default: beside it, ending in .undo.ldif]
    #[arg(long, value_name = "FILE", requires = "ldif", value_hint = ValueHint::FilePath)]
    pub(crate) undo: Option<PathBuf>,
    /// Which proposals are accepted
    #[arg(long, value_name = "WHICH", requires = "ldif", default_value = "safe")]
    pub(crate) accept: Accept,
    /// Propose this domain for sign-in names whose own cannot be reached from the Internet (contoso.local)
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,
    /// Leave out what is only a warning
    #[arg(long)]
    pub(crate) errors_only: bool,
    /// People sign in with another attribute: leave out the rules of the sign-in name
    #[arg(long)]
    pub(crate) alternate_login: bool,
    /// By the rules of the dedicated service
    #[arg(long)]
    pub(crate) dedicated: bool,
    /// Findings to show at most
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) limit: u64,
    /// Write all findings, as a file for other programs, to standard output
    #[arg(long, value_name = "FORMAT")]
    pub(crate) export: Option<Export>,
}

/// Which proposals are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accept {
    /// Those that take nothing away that could have worked, and guess nothing
    Safe,
    /// All
    All,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Manifest of `lockstep sample`: its known defects must be reported
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Folder to write it to, under a name with the time, each tenant by itself; or a file that is not there yet
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) to: PathBuf,
    /// Only this tenant: its id, or a domain that is verified there [default: all of them]
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "mark")]
    pub(crate) file: Option<PathBuf>,
    /// Only check it, and say what it holds
    #[arg(long, conflicts_with = "replace")]
    pub(crate) check: bool,
    /// Put it in the place of the tenant that is there; that one is kept beside it
    #[arg(long)]
    pub(crate) replace: bool,
    /// Whose backup it is: the tenant's id, or a domain that is verified there [default: the server's first]
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// After a restore by other means (PostgreSQL's own, a snapshot of the disk): have sync clients and delta queries
    /// compare anew with what the tenant holds now
    #[arg(long, conflicts_with_all = ["file", "check", "replace"])]
    pub(crate) mark: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// Number of people; groups are added
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1000)]
    pub(crate) people: u64,
    /// Another seed makes another organization
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// DN of the top entry
    #[arg(long, value_name = "DN", default_value = "dc=contoso,dc=com")]
    pub(crate) suffix: String,
    /// Domain of the mail addresses
    #[arg(long, value_name = "DOMAIN", default_value = "contoso.com")]
    pub(crate) domain: String,
    /// File with the password of the sync client's account (cn=sync,ou=system,...)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sync_password_file: Option<PathBuf>,
    /// Also write what is in it, and what is wrong on purpose, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,
    /// Write to this file, not to standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) to: Option<PathBuf>,
}

/// Which tenant a command is about.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct OfTenant {
    /// The tenant: its id, or a domain that is verified there [default: the server's first]
    #[arg(long, value_name = "TENANT", global = true)]
    pub(crate) tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    pub(crate) of: OfTenant,
    #[command(subcommand)]
    pub(crate) command: User,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) of: OfTenant,
    #[command(subcommand)]
    pub(crate) command: Token,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Make a tenant with its first administrator, and print a link that signs in once
    Create {
        /// The organization's name
        name: String,
        /// Its first domain: always verified, never removed; sign-in names that cannot be kept get it
        #[arg(long, value_name = "DOMAIN")]
        domain: String,
        /// Name of its first administrator
        #[arg(long, value_name = "NAME", default_value = "admin")]
        admin: String,
        /// How long the link works
        #[arg(long, value_name = "TIME", default_value = "1h")]
        valid: Period,
    },
    /// List the tenants
    List,
    /// Delete a tenant with all that it holds, for good; asks for its name
    Delete {
        /// Its id
        id: String,
        /// Its name, where nobody can be asked
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person, or set a new password; without one only links sign in
    Add {
        /// Name to sign in with
        name: String,
        /// What the person may do
        #[arg(long, value_name = "ROLE", default_value = "admin")]
        role: PersonRole,
        /// File with the password
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        password_file: Option<PathBuf>,
    },
    /// List who may sign in
    List,
    /// Remove a person; open sessions end
    Remove {
        /// The name
        name: String,
    },
    /// Print a link that signs in once
    Link {
        /// The name
        name: String,
        /// How long the link works
        #[arg(long, value_name = "TIME", default_value = "1h")]
        valid: Period,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token and print it, once
    Create {
        /// Its name; for a sync client, the service account that the status page shows
        name: String,
        /// What it may do
        #[arg(long, value_name = "ROLE")]
        role: TokenRole,
        /// How long it works [default: until revoked]
        #[arg(long, value_name = "TIME")]
        valid: Option<Period>,
    },
    /// List tokens, without their secrets
    List,
    /// End a token
    Revoke {
        /// Its name
        name: String,
    },
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PersonRole {
    /// Reads and changes
    Admin,
    /// Reads
    Reader,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenRole {
    /// Reads and changes
    Admin,
    /// Reads
    Reader,
    /// Writes what a sync client writes, and nothing else
    SyncClient,
    /// Another system's: provisions users and groups over SCIM, and nothing else
    Scim,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print a commented configuration
    Init,
    /// Check the configuration: keys, values, files it names
    Check,
    /// Print the JSON schema
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Check a rule set: its form, names and types, and what is probably not meant
    Check {
        /// The rule set [default: the one that comes with Lockstep]
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
        /// One of those that come with Lockstep, instead of a file
        #[arg(long, value_name = "NAME", conflicts_with = "file", value_parser = shipped())]
        set: Option<String>,
    },
    /// Run the cases of a rule set
    Test {
        /// The rule set [default: the one that comes with Lockstep]
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
        /// One of those that come with Lockstep, instead of a file
        #[arg(long, value_name = "NAME", conflicts_with = "file", value_parser = shipped())]
        set: Option<String>,
    },
    /// Print a rule set that comes with Lockstep, to start from
    Show {
        /// Which one
        #[arg(long, value_name = "NAME", default_value = "openldap", value_parser = shipped())]
        set: String,
    },
    /// Make a rule set of what Entra Connect exports: the rules editor's PowerShell, Get-ADSyncRule as JSON, the JSON of
    /// the configuration export
    Import {
        /// The export, or a folder of such files
        #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
        file: PathBuf,
        /// Where to write the rule set; a file that is there is not overwritten [default: standard output]
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
    },
    /// Print the JSON schema of a rule set, for editors
    Schema,
}

/// The names of the rule sets that come with Lockstep.
fn shipped() -> clap::builder::PossibleValuesParser {
    lockstep_rules::sync_rules::SHIPPED.iter().map(|set| set.name).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_words_fit_together() {
        Cli::command().debug_assert();
    }

    /// The whole help, as people see it: one snapshot, so that a change of words is seen in review.
    #[test]
    fn help() {
        let mut all = String::new();
        let mut queue = vec![(String::from("lockstep"), Cli::command().term_width(100))];
        while let Some((name, mut command)) = queue.pop() {
            command.build();
            all.push_str(&format!("$ {name} --help\n{}\n", command.render_help()));
            let inner: Vec<_> = command.get_subcommands().cloned().collect();
            queue.extend(
                inner.into_iter().rev().map(|c| (format!("{name} {}", c.get_name()), c.term_width(100))),
            );
        }
        insta::assert_snapshot!("help", all);
    }

    #[test]
    fn what_people_type_is_understood() {
        for line in [
            "up",
            "up --listen 127.0.0.1:0 --output json",
            "--config /tmp/x.toml token create bench --role admin --output json",
            "token create Sync_dc1 --role sync-client --valid 90d",
            "sync run",
            "sync once --full -o json",
            "sync preview --limit 10",
            "precheck --ldif a.ldif --accept all --domain contoso.com",
            "sync enroll --server http://127.0.0.1:8080 --code lke_x",
            "precheck --file people.ldif --export csv",
            "sync approve 0123abcd",
            "sample --people 1000 --seed 7 --manifest m.json",
            "user link admin --valid 10m",
            "status --server https://directory.contoso.com --token-file t",
            "completions bash",
            "history --object ann@contoso.com --since 2d",
            "history --run 01a2 --export csv",
            "rules check",
            "rules test rules.toml --output json",
            "rules schema",
            "rules show --set active-directory",
            "rules test --set active-directory",
            "rules import export.ps1 --out rules.toml",
            "backup /srv/backups --output json",
            "restore tenant.db --check",
            "restore tenant.db --replace",
            "restore --mark",
        ] {
            let parsed = Cli::try_parse_from(std::iter::once("lockstep").chain(line.split(' ')));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
        for line in [
            "",
            "sync",
            "token create x",
            "precheck --undo u.ldif",
            "user link admin --valid soon",
            "config init now",
            "rules",
            "rules show --set mine",
            "rules check --set openldap rules.toml",
            "backup",
            "restore",
            "restore tenant.db --mark",
            "restore tenant.db --check --replace",
        ] {
            let parsed = Cli::try_parse_from(std::iter::once("lockstep").chain(line.split_whitespace()));
            assert!(parsed.is_err(), "{line}");
        }
    }
}
