//! What a server says of itself: the rootDSE (RFC 4512 section 5.1).

use crate::connection::Connection;
use crate::error::LdapError;
use crate::request::SearchRequest;
use lockstep_model::Attributes;

/// The rootDSE. Lists are empty where the server, or the account's rights, do not show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootDse {
    /// DNs of the trees the server holds.
    pub naming_contexts: Vec<String>,
    /// OIDs of controls.
    pub supported_controls: Vec<String>,
    /// OIDs of extended operations.
    pub supported_extensions: Vec<String>,
    /// SASL mechanisms.
    pub supported_sasl_mechanisms: Vec<String>,
    /// Who made the server, where it says so.
    pub vendor: Option<String>,
}

impl RootDse {
    pub(crate) async fn read(connection: &mut Connection) -> Result<Self, LdapError> {
        let attributes = [
            "namingContexts",
            "supportedControl",
            "supportedExtension",
            "supportedSASLMechanisms",
            "vendorName",
            "vendorVersion",
        ];
        let request = SearchRequest::entry("", &attributes);
        let found = connection.search(request).await?.collect(1).await?;
        let attributes = found.into_iter().next().map(|entry| entry.attributes).unwrap_or_default();
        let list = |name: &str| Attributes::texts(&attributes, name).map(str::to_owned).collect();
        let vendor: Vec<_> =
            ["vendorname", "vendorversion"].iter().filter_map(|name| attributes.text(name)).collect();
        Ok(Self {
            naming_contexts: list("namingcontexts"),
            supported_controls: list("supportedcontrol"),
            supported_extensions: list("supportedextension"),
            supported_sasl_mechanisms: list("supportedsaslmechanisms"),
            vendor: Some(vendor.join(" ")).filter(|vendor| !vendor.is_empty()),
        })
    }

    /// Whether the server has a control.
    pub fn has_control(&self, oid: &str) -> bool {
        self.supported_controls.iter().any(|found| found == oid)
    }
}
