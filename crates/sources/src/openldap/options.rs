//! What a caller sets for an OpenLDAP source.

use crate::error::SourceError;
use lockstep_ldap::{ConnectOptions, Credentials, Filter};
use lockstep_model::Dn;
use sha2::{Digest, Sha256};

/// A tree to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchBase(pub String);

/// Settings of an OpenLDAP source.
#[derive(Clone, Debug)]
pub struct OpenLdapOptions {
    /// The server.
    pub connect: ConnectOptions,
    /// The account.
    pub credentials: Credentials,
    /// The trees to read, none within another.
    pub bases: Vec<SearchBase>,
    /// Which entries of the trees; `(objectClass=*)` for all.
    pub filter: Filter,
    /// Attributes to read. Name `objectClass` among them: it says which entries can have others below.
    pub attributes: Vec<String>,
}

impl OpenLdapOptions {
    /// All entries below `bases`, with these attributes.
    pub fn new(
        connect: ConnectOptions,
        credentials: Credentials,
        bases: &[&str],
        attributes: &[&str],
    ) -> Self {
        Self {
            connect,
            credentials,
            bases: bases.iter().map(|base| SearchBase((*base).to_owned())).collect(),
            filter: Filter::any_entry(),
            attributes: attributes.iter().map(|attribute| (*attribute).to_owned()).collect(),
        }
    }

    pub(crate) fn describe(&self) -> String {
        let bases: Vec<_> = self.bases.iter().map(|base| base.0.as_str()).collect();
        format!("{} ({})", self.connect.endpoint, bases.join("; "))
    }

    pub(crate) fn validate(&self, at: &str) -> Result<(), SourceError> {
        let fail = |problem: String| Err(SourceError::Configuration { at: at.to_owned(), problem });
        if self.bases.is_empty() {
            return fail("no search base is set; write `base = \"dc=example,dc=com\"`".to_owned());
        }
        if self.attributes.is_empty() {
            return fail(
                "no attribute is named; without a list passwords and photos would be read too".to_owned(),
            );
        }
        let mut seen: Vec<Dn> = Vec::new();
        for SearchBase(base) in &self.bases {
            let dn = match Dn::parse(base) {
                Ok(dn) if !dn.is_root() => dn,
                Ok(_) => return fail("the search base is empty; name the tree to read".to_owned()),
                Err(error) => {
                    return fail(format!("the search base '{base}' is no DN ({error}); correct it"));
                }
            };
            if let Some(other) = seen.iter().find(|other| dn.is_within(other) || other.is_within(&dn)) {
                return fail(format!("the search bases '{base}' and '{other}' overlap; keep the upper one"));
            }
            seen.push(dn);
        }
        Ok(())
    }

    /// Whether every entry of the trees is asked for, so that the base itself must be among them.
    pub(crate) fn names_all(&self) -> bool {
        matches!(&self.filter, Filter::Present(name) if name.eq_ignore_ascii_case("objectClass"))
    }

    /// What a cookie is bound to: 16 hex digits over filter, attributes and account.
    pub(crate) fn session(&self) -> String {
        let mut hash = Sha256::new();
        let account = match &self.credentials {
            Credentials::Anonymous => "anonymous",
            Credentials::Simple { dn, .. } => dn,
            Credentials::External { authorization_id } => authorization_id.as_deref().unwrap_or("external"),
        };
        let mut attributes: Vec<_> = self.attributes.iter().map(|name| name.to_ascii_lowercase()).collect();
        attributes.sort_unstable();
        hash.update(format!("{}\n{account}\n{}", self.filter, attributes.join("\n")));
        let digest = hash.finalize();
        digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect()
    }
}
