//! The commented file that `lockstep config init` writes. A test holds it against the schema: every key is in
//! it, and it reads.

/// The file.
pub(crate) const TEMPLATE: &str = r#"# Lockstep. Every key with its default; lines without `#` are those to set.
# Further files: conf.d/*.toml beside this one. Single keys: LOCKSTEP__SYNC__CYCLE=10m in the environment.
# Relative paths count from this file's folder. `lockstep config check` says whether all is well.

[server]                                  # lockstep up, lockstep server
# listen = "127.0.0.1:8080"               # for other machines: an address of this one, with TLS
# public_url = "https://directory.contoso.com"   # where browsers reach it, if that is another address
# tls_cert_file = "server.pem"            # certificate chain and key, PEM
# tls_key_file = "server.key"
# allow_plaintext = false                 # plain HTTP to other machines: only behind a proxy that does TLS
# data_dir = "lockstep-data/server"
# keep_deleted = "30d"                    # deleted objects can be restored this long

[server.history]                          # runs, and every change of an object
# keep = "30d"
# max_megabytes = 512                     # beyond that the oldest changes go first

[server.dns]                              # whom the server asks for the proof of a domain
# resolvers = ["192.0.2.53"]              # not set: the system's
# timeout = "5s"

[server.database]                         # not set: a SQLite file in data_dir
# url = "postgresql://lockstep@127.0.0.1:5432/lockstep?sslmode=disable"   # PostgreSQL 15 or later
# password_file = "database.password"     # or the systemd credential `server.database.password`
# connections = 12
# read_urls = ["postgresql://lockstep@replica:5432/lockstep"]   # streaming replicas that lists are read from

[server.tenants]                          # further tenants of this server: lockstep tenant create
# open = 50                               # held in memory at once; a database that is a file is closed beyond that
# idle = "10m"                            # ... and when nobody used it for so long

[tenant]
display_name = "Contoso"
initial_domain = "contoso.onlockstep.example"    # always verified; names that cannot be kept get it
domains = [
  { name = "contoso.com", verified = true },     # your mail domains
]

[source]
# name = "hr"                             # for a [[further_source]] only: rules name it so
# kind = "openldap"                       # or "ldif": a file as the directory, with `file = "people.ldif"`
url = "ldap://127.0.0.1:389"              # ldaps://host for TLS from the start
base_dn = "dc=contoso,dc=com"
bind_dn = "cn=sync,ou=system,dc=contoso,dc=com"  # may read everything below base_dn, without a size limit
password_file = "source.password"         # or the systemd credential `source.password`
# tls = "none"                            # "starttls" or "ldaps"
# ca_file = "ca.pem"                      # the authority of the directory's certificate
# allow_plaintext_bind = false            # the password crosses the network readable
# filter = "(objectClass=*)"
# include = ["ou=people,dc=contoso,dc=com"]   # by DN or entryUUID; a renamed container stays chosen
# exclude = ["ou=robots,dc=contoso,dc=com"]
# file = "people.ldif"                    # for kind = "ldif"

[sync]                                    # lockstep up, lockstep sync
# server = "http://127.0.0.1:8080"        # where `lockstep server` answers; `lockstep up` uses its own
# token_file = "sync.token"               # lockstep token create NAME --role sync-client
# ca_file = "ca.pem"                      # the authority of the server's certificate
# state_dir = "lockstep-data/client"
# cycle = "30m"                           # the safety net; changes arrive live
# left_scope = "delete"                   # or "disable", "keep": what leaves the scope, while its entry is there
# settle = "2s"                           # live deletions wait this long for others, to be judged together
# stale_after = "3d"                      # the status page warns when the last sync is older
# full_read = "7d"                        # reads of the whole directory, to find what was missed
# maintenance = [{ days = ["sat", "sun"], from = "22:00", to = "06:00" }]   # nothing is written then

[sync.guard]                              # a plan that deletes more waits for a person; the stricter one counts
# count = 500
# percent = 10
# members_percent = 50                    # ... and one that takes more of its members from a group
# members_least = 20                      # ... that has at least so many

[sync.standby]                            # several clients of one source: one writes, the others stand by
# lease = "contoso"                       # the same for all of them; without it, source.kind and base_dn
# term = "15s"                            # silence after which a stand-by takes over

[mapping]
# rules = "rules.toml"                    # sync rules of your own: lockstep rules show > rules.toml
# user_name_attribute = "mail"
# user_classes = ["inetOrgPerson", "organizationalPerson", "person", "posixAccount"]
# group_classes = ["groupOfNames", "groupOfUniqueNames", "posixGroup"]
# disabled_attribute = "pwdAccountLockedTime"

[log]
# level = "info"
# format = "text"                         # or "json"
"#;
