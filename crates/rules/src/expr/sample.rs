//! The object that the examples of the reference and the tables of cases read.

use super::schema::Schema;
use super::types::AttributeType::{self, Binary, Boolean, Number, Reference, Text};
use super::value::{List, Value};
use super::{EvaluationErrorKind, Expression, Inputs};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use std::borrow::Cow;

/// An attribute of the sample: its name, type, whether it is multi-valued, and its values as text; binary as base64.
type Row = (&'static str, AttributeType, bool, &'static [&'static str]);

const CERTIFICATE: &str = "MIICMDCCAdagAwIBAgIDChssMAoGCCqGSM49BAMCMDoxCzAJBgNVBAYTAlVTMRYwFAYDVQQKDA1Db250b3NvLCBMdGQuMRMw\
     EQYDVQQDDApDb250b3NvIENBMB4XDTI1MDEwMTAwMDAwMFoXDTM1MDEwMTAwMDAwMFowczETMBEGCgmSJomT8ixkARkWA2Nv\
     bTEXMBUGCgmSJomT8ixkARkWB2NvbnRvc28xCzAJBgNVBAsMAkdBMRIwEAYDVQQDDAlBbm4gU21pdGgxIjAgBgkqhkiG9w0B\
     CQEWE29sZC5hbm5AY29udG9zby5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARhD45pqnKrypapbB7HHqK33bMpLCHC\
     3SM0SL/R6J5/1Azn2Kp1L2CQVBkkwxo4FU3F00lz1A0Zlr1svs0fh2Vso4GRMIGOMA4GA1UdDwEB/wQEAwIHgDAMBgNVHRMB\
     Af8EAjAAMG4GA1UdEQRnMGWBFWFubi5zbWl0aEBjb250b3NvLmNvbYISYW5uLXBjLmNvbnRvc28uY29thhdodHRwczovL2Nv\
     bnRvc28uY29tL2FubqAfBgorBgEEAYI3FAIDoBEMD2FubkBjb250b3NvLmNvbTAKBggqhkjOPQQDAgNIADBFAiEAwBorrS1U\
     FnCnNnbl28483jgJdLRH5fwDEsyWrmRi4fgCIEkEotRGbJlgOQVQbvC89qI3nz8eP1VDVu2clMd5DX9N";
const OLD_CERTIFICATE: &str = "MIIBvjCCAWSgAwIBAgIDAP8BMAoGCCqGSM49BAMCMDoxCzAJBgNVBAYTAlVTMRYwFAYDVQQKDA1Db250b3NvLCBMdGQuMRMw\
     EQYDVQQDDApDb250b3NvIENBMB4XDTIwMDEwMTAwMDAwMFoXDTI0MDEwMTAwMDAwMFowczETMBEGCgmSJomT8ixkARkWA2Nv\
     bTEXMBUGCgmSJomT8ixkARkWB2NvbnRvc28xCzAJBgNVBAsMAkdBMRIwEAYDVQQDDAlBbm4gU21pdGgxIjAgBgkqhkiG9w0B\
     CQEWE29sZC5hbm5AY29udG9zby5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARhD45pqnKrypapbB7HHqK33bMpLCHC\
     3SM0SL/R6J5/1Azn2Kp1L2CQVBkkwxo4FU3F00lz1A0Zlr1svs0fh2VsoyAwHjAOBgNVHQ8BAf8EBAMCB4AwDAYDVR0TAQH/\
     BAIwADAKBggqhkjOPQQDAgNIADBFAiB2q8k+C3ZihyeBehcAvHhuQF2/xELRY/E1riJya0QGiQIhAMSGr+PbG6I8pDFxagqj\
     mkTkAnlrZVXGWRfc0jOxVhhJ";

#[rustfmt::skip]
static ATTRIBUTES: &[Row] = &[
    ("absent",             Text,      false, &[]),
    ("absentList",         Text,      true,  &[]),
    ("absentNumber",       Number,    false, &[]),
    ("accountName",        Text,      false, &[]),
    ("cn",                 Text,      false, &["Ann Smith"]),
    ("displayName",        Text,      false, &["Smith, Ann"]),
    ("dn",                 Text,      false, &["cn=Joe,ou=Atlanta,ou=GA,ou=US, dc=contoso,dc=com"]),
    ("emptyText",          Text,      false, &[""]),
    ("employeeNumber",     Number,    false, &["98052"]),
    ("employeeType",       Text,      false, &["Intern"]),
    ("givenName",          Text,      false, &["Ann"]),
    ("groupType",          Number,    false, &["-2147483646"]),
    ("isCriticalSystemObject", Boolean, false, &[]),
    ("l",                  Text,      false, &["Rome"]),
    ("mail",               Text,      false, &[" Ann.Smith@Contoso.com "]),
    ("mailNickname",       Text,      false, &["asmith"]),
    ("manager",            Reference, false, &["cn=Lee,ou=GA,dc=contoso,dc=com"]),
    ("member",             Reference, true,  &["cn=Lee,ou=GA,dc=contoso,dc=com", "cn=Joe,ou=US,dc=contoso,dc=com"]),
    ("msExchHideFromAddressLists", Boolean, false, &["TRUE"]),
    ("objectGUID",         Binary,    false, &["EREAAKqqIiK7uzMzzMxERA=="]),
    ("objectSid",          Binary,    false, &["AQUAAAAAAAUVAAAA3PTcO4M9K0aCi6YoAAIAAA=="]),
    ("otherTelephone",     Text,      true,  &[" +44 20 5550 100", "+44 20 5550 101 "]),
    ("proxyAddresses",     Text,      true,
        &["smtp:ann@fabrikam.com", "SMTP:ann.smith@contoso.com", "SIP:ann@contoso.com"]),
    ("pwdLastSet",         Number,    false, &["130543784930000000"]),
    ("sAMAccountName",     Text,      false, &["asmith"]),
    ("sn",                 Text,      false, &["Smith"]),
    ("streetAddress",      Text,      false, &["One Microsoft Way\r\nRedmond\r\nWA\r\nUSA"]),
    ("userAccountControl", Number,    false, &["512"]),
    ("userCertificate",    Binary,    true,  &[CERTIFICATE, OLD_CERTIFICATE]),
];

#[rustfmt::skip]
static PARAMETERS: &[(&str, &str)] = &[
    ("Connector.ID",   "b891884f-051e-4a83-95af-2544101c9083"),
    ("Domain.FQDN",    "emea.contoso.com"),
    ("Domain.LDAP",    "DC=emea,DC=contoso,DC=com"),
    ("Domain.Netbios", "EMEA"),
    ("Forest.FQDN",    "contoso.com"),
    ("Forest.LDAP",    "DC=contoso,DC=com"),
    ("Forest.Netbios", "CONTOSO"),
];

/// The sample, ready for use.
pub(crate) struct Sample {
    pub(crate) schema: Schema,
    pub(crate) attributes: Vec<Value<'static>>,
    pub(crate) parameters: Vec<Value<'static>>,
}

impl Sample {
    pub(crate) fn new() -> Self {
        let mut schema = Schema::with_standard_parameters();
        let mut attributes = Vec::new();
        for (name, kind, many, values) in ATTRIBUTES {
            schema = schema.attribute(name, *kind, *many);
            let mut values: Vec<_> = values.iter().map(|text| value(*kind, text)).collect();
            attributes.push(match (many, values.len()) {
                (_, 0) => Value::Null,
                (true, _) => Value::Many(List::Owned(values)),
                (false, _) => values.remove(0),
            });
        }
        let parameters = PARAMETERS.iter().map(|(_, value)| Value::text(value)).collect();
        Self { schema, attributes, parameters }
    }

    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            attributes: &self.attributes,
            imported: None,
            parameters: &self.parameters,
            // 2026-01-01T00:00:00Z
            now: Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH),
            seed: 0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF,
        }
    }

    /// What an expression gives for the sample, as text: the outcome, or `error: ` and what stopped it.
    pub(crate) fn show(&self, text: &str) -> String {
        let expression = match Expression::compile(text, &self.schema) {
            Ok(expression) => expression,
            Err(error) => return format!("mistake: {error}"),
        };
        match expression.evaluate(&self.inputs()) {
            Ok(outcome) => outcome.to_string(),
            Err(error) if error.kind == EvaluationErrorKind::Raised => format!("error: {error}"),
            Err(error) => format!("error: {}: {}", error.function.unwrap_or("operator"), error.message),
        }
    }

    /// Name, type and values for people, one attribute after another.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, String, String)> {
        ATTRIBUTES.iter().zip(&self.attributes).map(|((name, kind, many, _), value)| {
            let several = if *many { "mv" } else { "" };
            let shown = match value {
                Value::Null => "absent".to_owned(),
                Value::Many(list) if *kind == Binary => format!("{} certificates", list.as_slice().len()),
                value => value.to_string().replace("\r\n", "⏎"),
            };
            (*name, format!("{several}{}", kind.types().short()), shown)
        })
    }

    /// The parameters with their values.
    pub(crate) fn parameters() -> impl Iterator<Item = (&'static str, &'static str)> {
        PARAMETERS.iter().copied()
    }
}

fn value(kind: AttributeType, text: &'static str) -> Value<'static> {
    match kind {
        Text | AttributeType::Date => Value::text(text),
        Reference => Value::Reference(Cow::Borrowed(text)),
        Number => text.parse().map_or(Value::Null, Value::Number),
        Boolean => Value::Boolean(text == "TRUE"),
        Binary => BASE64.decode(text).map_or(Value::Null, |octets| Value::Binary(Cow::Owned(octets))),
    }
}
