//! Fields of X.509 certificates (RFC 5280), read by `x509-parser`. Names are written as Windows writes them.

use super::{Body, Function, Group, Out, Parameter, Returns, conversion, keyword, made, many, one, wrong};
use crate::expr::error::Fault;
use crate::expr::types::Types;
use crate::expr::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use std::borrow::Cow;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::{Any, FromDer as _, Oid, ToDer as _};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

const TEXT: Types = Types::TEXT;
const CERTIFICATE: Parameter = one("certificate", Types::BINARY.or(TEXT));
/// Bytes that a certificate may have, in base64 or not.
const MAX_CERTIFICATE_BYTES: usize = 256 * 1024;

const FORM: &str =
    "DER, or base64 with or without the PEM lines. What is no certificate is an error; ask IsCert() before.";
const FORM_AND_NULL: &[&str] = &[FORM, "NULL stays NULL."];
const OID_OF_NAME: &[&str] = &[
    "Always NULL: a name in a certificate has no identifier of its own, and Windows gives none either. The function is \
     here so that rules that use it can be read.",
];
const NAME: &[&str] =
    &["The part that names the holder stands first, as Windows writes it: `CN=Ann, O=Contoso`.", FORM];

const ISSUER: &str = r#""CN=Contoso CA, O=""Contoso, Ltd."", C=US""#;
const SUBJECT: &str = r#""E=old.ann@contoso.com, CN=Ann Smith, OU=GA, DC=contoso, DC=com""#;

macro_rules! field {
    ($name:literal, $types:expr, $summary:literal, $notes:expr, $example:expr, $read:expr) => {
        Function {
            name: $name,
            group: Group::Certificate,
            parameters: &[CERTIFICATE],
            returns: Returns::One($types),
            summary: $summary,
            notes: $notes,
            examples: &[(concat!($name, "(Item([userCertificate], 1))"), $example)],
            body: Body::F1(|value| with(value, $read)),
        }
    };
}

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "IsCert", group: Group::Certificate, parameters: &[CERTIFICATE],
        returns: Returns::One(Types::BOOLEAN),
        summary: "Whether the bytes are a certificate that can be read.",
        notes: &["NULL gives False."],
        examples: &[("IsCert(Item([userCertificate], 1))", "True"), ("IsCert([objectGUID])", "False")],
        body: Body::F1(is_cert),
    },
    Function {
        name: "CertExtensionOids", group: Group::Certificate, parameters: &[CERTIFICATE],
        returns: Returns::List(TEXT),
        summary: "The identifiers of the critical extensions.",
        notes: FORM_AND_NULL,
        examples: &[("CertExtensionOids(Item([userCertificate], 1))", r#"{"2.5.29.15", "2.5.29.19"}"#)],
        body: Body::F1(|value| with(value, |cert, _| {
            let critical = cert.extensions().iter().filter(|extension| extension.critical);
            Ok(many(critical.map(|extension| text(extension.oid.to_id_string())).collect()))
        })),
    },
    field!("CertFormat", TEXT, "The name of the format: `X509`.", FORM_AND_NULL, r#""X509""#,
        |_, _| Ok(Value::text("X509"))),
    field!("CertFriendlyName", TEXT, "The alias of the certificate.",
        &["Always \"\": an alias is kept beside a certificate in a store of Windows, never in it.", FORM], r#""""#,
        |_, _| Ok(Value::text(""))),
    field!("CertHashString", TEXT, "The SHA-1 hash of the certificate in hexadecimal digits.", FORM_AND_NULL,
        r#""A160BA96006271BECD7E4B82AEE0C79D41CD8358""#, |_, der| conversion::hexadecimal(&conversion::sha1_of(der))),
    field!("CertThumbprint", TEXT, "The thumbprint: the SHA-1 hash of the certificate in hexadecimal digits.",
        FORM_AND_NULL, r#""A160BA96006271BECD7E4B82AEE0C79D41CD8358""#, |_, der| conversion::hexadecimal(&conversion::sha1_of(der))),
    field!("CertIssuer", TEXT, "The name of the authority that issued it.", NAME, ISSUER,
        |cert, _| made(name_of(cert.issuer()))),
    field!("CertIssuerDN", TEXT, "The distinguished name of the authority that issued it.", NAME, ISSUER,
        |cert, _| made(name_of(cert.issuer()))),
    field!("CertIssuerOid", TEXT, "The identifier of the issuer's name.", OID_OF_NAME, "NULL",
        |_, _| Ok(Value::Null)),
    field!("CertSubject", TEXT, "The distinguished name of the holder.", NAME, SUBJECT,
        |cert, _| made(name_of(cert.subject()))),
    field!("CertSubjectNameDN", TEXT, "The distinguished name of the holder.", NAME, SUBJECT,
        |cert, _| made(name_of(cert.subject()))),
    field!("CertSubjectNameOid", TEXT, "The identifier of the holder's name.", OID_OF_NAME, "NULL",
        |_, _| Ok(Value::Null)),
    Function {
        name: "CertNameInfo", group: Group::Certificate,
        parameters: &[CERTIFICATE, keyword("kind", NAME_KINDS), one("issuer", Types::BOOLEAN)],
        returns: Returns::One(TEXT),
        summary: "One name of the holder, or of the issuer.",
        notes: &[
            "SimpleName: the common name, else the organizational unit, the organization, the mail address. EmailName \
             and DnsName: of the alternative names, else of the name itself. UpnName, DnsFromAlternativeName, UrlName: \
             of the alternative names.",
            "Where there is none: \"\".", FORM, "NULL stays NULL.",
        ],
        examples: &[
            ("CertNameInfo(Item([userCertificate], 1), SimpleName, False)", r#""Ann Smith""#),
            (r#"CertNameInfo(Item([userCertificate], 1), "UpnName", False)"#, r#""ann@contoso.com""#),
        ],
        body: Body::F3(name_info),
    },
    field!("CertNotAfter", Types::DATE, "Until when it is valid, in UTC.", FORM_AND_NULL, "2035-01-01T00:00:00Z",
        |cert, _| date(cert.validity().not_after)),
    field!("CertNotBefore", Types::DATE, "From when on it is valid, in UTC.", FORM_AND_NULL, "2025-01-01T00:00:00Z",
        |cert, _| date(cert.validity().not_before)),
    field!("CertKeyAlgorithm", TEXT, "The identifier of the key's algorithm.", FORM_AND_NULL,
        r#""1.2.840.10045.2.1""#, |cert, _| key_oid(cert)),
    field!("CertKeyAlgorithmParams", TEXT, "The parameters of the key's algorithm, DER in hexadecimal digits.",
        FORM_AND_NULL, r#""06082A8648CE3D030107""#, |cert, _| match &cert.public_key().algorithm.parameters {
            Some(parameters) => conversion::hexadecimal(&encoded(parameters)?),
            None => Ok(Value::text("")),
        }),
    field!("CertPublicKeyOid", TEXT, "The identifier of the public key's algorithm.", FORM_AND_NULL,
        r#""1.2.840.10045.2.1""#, |cert, _| key_oid(cert)),
    field!("CertPublicKeyParametersOid", TEXT, "The identifier of the public key's parameters.",
        &["As Windows has it, that of the algorithm they belong to.", FORM], r#""1.2.840.10045.2.1""#,
        |cert, _| key_oid(cert)),
    field!("CertSerialNumber", TEXT, "The serial number in hexadecimal digits.", FORM_AND_NULL, r#""0A1B2C""#,
        |cert, _| {
            let digits = cert.raw_serial();
            conversion::hexadecimal(match digits { [0, rest @ ..] if !rest.is_empty() => rest, all => all })
        }),
    field!("CertSignatureAlgorithmOid", TEXT, "The identifier of the algorithm that signed it.", FORM_AND_NULL,
        r#""1.2.840.10045.4.3.2""#, |cert, _| Ok(text(cert.signature_algorithm.algorithm.to_id_string()))),
    field!("CertVersion", TEXT, "The version of the format: `1`, `2` or `3`.", FORM_AND_NULL, r#""3""#,
        |cert, _| Ok(text((u64::from(cert.version().0) + 1).to_string()))),
];

const NAME_KINDS: &[&str] =
    &["SimpleName", "EmailName", "UpnName", "DnsName", "DnsFromAlternativeName", "UrlName"];

fn text<'a>(text: String) -> Value<'a> {
    Value::Text(Cow::Owned(text))
}

/// DER of a certificate; none for NULL. The bytes may be base64 themselves, with PEM lines or without.
fn der_of(value: Value<'_>) -> Result<Option<Cow<'_, [u8]>>, Fault> {
    let octets = match value {
        Value::Null => return Ok(None),
        Value::Binary(octets) => octets,
        Value::Text(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
        Value::Text(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        other => return Err(wrong(&other, Types::BINARY.or(TEXT))),
    };
    if octets.len() > MAX_CERTIFICATE_BYTES {
        return Err(Fault::limit(format!("a certificate has at most {MAX_CERTIFICATE_BYTES} bytes")));
    }
    // DER of a certificate begins with a SEQUENCE, which is no base64.
    if octets.first() == Some(&0x30) && std::str::from_utf8(&octets).is_err() {
        return Ok(Some(octets));
    }
    let decoded = std::str::from_utf8(&octets).ok().and_then(|text| {
        let lines = text.lines().filter(|line| !line.starts_with("-----"));
        let bare: String = lines.flat_map(str::split_whitespace).collect();
        BASE64.decode(bare).ok()
    });
    Ok(Some(decoded.map_or(octets, Cow::Owned)))
}

/// Reads the certificate and gives it, and its DER, to `read`; NULL for NULL.
fn with<'a>(value: Value<'a>, read: impl Fn(&X509Certificate<'_>, &[u8]) -> Out<'static>) -> Out<'a> {
    let Some(der) = der_of(value)? else { return Ok(Value::Null) };
    match X509Certificate::from_der(&der) {
        Ok((rest, cert)) => {
            let length = der.len().saturating_sub(rest.len());
            read(&cert, der.get(..length).unwrap_or(&der))
        }
        Err(_) => Err(Fault::value("the bytes are no X.509 certificate; ask IsCert() before")),
    }
}

fn is_cert(value: Value<'_>) -> Out<'_> {
    let read = der_of(value)?.is_some_and(|der| X509Certificate::from_der(&der).is_ok());
    Ok(Value::Boolean(read))
}

fn key_oid(cert: &X509Certificate<'_>) -> Out<'static> {
    Ok(text(cert.public_key().algorithm.algorithm.to_id_string()))
}

fn encoded(any: &Any<'_>) -> Result<Vec<u8>, Fault> {
    any.to_der_vec().map_err(|_| Fault::value("the parameters cannot be written"))
}

fn date(time: ASN1Time) -> Out<'static> {
    match Timestamp::from_second(time.timestamp()) {
        Ok(date) => Ok(Value::Date(date)),
        Err(_) => Err(Fault::value("the date of the certificate is outside the years -9999 to 9999")),
    }
}

/// The names that Windows gives to the attributes of a name (CertNameToStr).
fn attribute_name(oid: &Oid<'_>) -> String {
    let id = oid.to_id_string();
    let known = match id.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "SERIALNUMBER",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "S",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "T",
        "2.5.4.42" => "G",
        "2.5.4.43" => "I",
        "1.2.840.113549.1.9.1" => "E",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return format!("OID.{id}"),
    };
    known.to_owned()
}

/// The text of a value of a name, whatever string type it has; what is no text in hexadecimal digits.
fn string_of(value: &Any<'_>) -> String {
    if value.tag().0 == 30 {
        // BMPString: UTF-16 with the greatest byte first.
        let (pairs, _) = value.data.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
        return String::from_utf16_lossy(&units);
    }
    match std::str::from_utf8(value.data) {
        Ok(text) => text.to_owned(),
        // TeletexString is in practice Latin-1.
        Err(_) => value.data.iter().copied().map(char::from).collect(),
    }
}

/// The name with its last component first; values with special characters in quotes.
fn name_of(name: &X509Name<'_>) -> String {
    let mut components: Vec<String> = name
        .iter_rdn()
        .map(|rdn| {
            let values = rdn.iter().map(|attribute| {
                let value = string_of(attribute.attr_value());
                let special = value.is_empty()
                    || value.starts_with(' ')
                    || value.ends_with(' ')
                    || value.contains([',', '+', '=', '"', '\n', '<', '>', '#', ';']);
                let value = if special { format!("\"{}\"", value.replace('"', "\"\"")) } else { value };
                format!("{}={value}", attribute_name(attribute.attr_type()))
            });
            values.collect::<Vec<_>>().join(" + ")
        })
        .collect();
    components.reverse();
    components.join(", ")
}

fn name_info<'a>(value: Value<'a>, kind: Value<'a>, issuer: Value<'a>) -> Out<'a> {
    let of_issuer = issuer == Value::Boolean(true);
    let kind = match kind {
        Value::Number(kind) => usize::try_from(kind).ok().and_then(|at| NAME_KINDS.get(at)).copied(),
        _ => None,
    };
    with(value, |cert, _| {
        let name = if of_issuer { cert.issuer() } else { cert.subject() };
        let of_name = |oid: &str| {
            // The last of them is the one nearest to the holder.
            let attributes = name.iter_attributes().filter(|held| held.attr_type().to_id_string() == oid);
            attributes.last().map(|held| string_of(held.attr_value()))
        };
        let found = match kind {
            Some("SimpleName") => ["2.5.4.3", "2.5.4.11", "2.5.4.10", "1.2.840.113549.1.9.1"]
                .iter()
                .find_map(|oid| of_name(oid)),
            Some("EmailName") => alternative(cert, of_issuer, |general| match general {
                GeneralName::RFC822Name(mail) => Some((*mail).to_owned()),
                _ => None,
            })
            .or_else(|| of_name("1.2.840.113549.1.9.1")),
            Some("UpnName") => alternative(cert, of_issuer, user_principal_name),
            Some("DnsName") => alternative(cert, of_issuer, host).or_else(|| of_name("2.5.4.3")),
            Some("DnsFromAlternativeName") => alternative(cert, of_issuer, host),
            Some("UrlName") => alternative(cert, of_issuer, |general| match general {
                GeneralName::URI(url) => Some((*url).to_owned()),
                _ => None,
            }),
            _ => return Err(Fault::value(format!("the kind is one of {}", NAME_KINDS.join(", ")))),
        };
        made(found.unwrap_or_default())
    })
}

fn host(general: &GeneralName<'_>) -> Option<String> {
    match general {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        _ => None,
    }
}

/// `1.3.6.1.4.1.311.20.2.3`: a UTF8String in an explicit tag.
fn user_principal_name(general: &GeneralName<'_>) -> Option<String> {
    let GeneralName::OtherName(oid, value) = general else { return None };
    if oid.to_id_string() != "1.3.6.1.4.1.311.20.2.3" {
        return None;
    }
    let (_, outer) = Any::from_der(value).ok()?;
    let inner = match outer.class() {
        x509_parser::der_parser::asn1_rs::Class::ContextSpecific => Any::from_der(outer.data).ok()?.1,
        _ => outer,
    };
    Some(string_of(&inner))
}

/// The first alternative name of the holder, or of the issuer, that `pick` takes.
fn alternative(
    cert: &X509Certificate<'_>,
    of_issuer: bool,
    pick: impl Fn(&GeneralName<'_>) -> Option<String>,
) -> Option<String> {
    cert.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) if !of_issuer => {
            names.general_names.iter().find_map(&pick)
        }
        ParsedExtension::IssuerAlternativeName(names) if of_issuer => {
            names.general_names.iter().find_map(&pick)
        }
        _ => None,
    })
}
