//! Fuzz targets for everything that reads outside bytes. On stable they run as property tests; with a fuzzer:
//! `cargo bolero test -p lockstep-ldap decoder`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

use lockstep_ldap::Filter;
use lockstep_ldap::ber::{Frame, Reader, frame};
use lockstep_ldap::ldif::{LdifLimits, LdifReader, LdifWriter};
use lockstep_ldap::message::Message;
use lockstep_model::{Dn, dn};

#[test]
fn decoder() {
    bolero::check!().for_each(|octets: &[u8]| {
        if let Ok(Frame::Whole(size)) = frame(octets, 1 << 20) {
            let _ = Message::decode(&octets[..size]);
        }
        let _ = Message::decode(octets);
        // With a proper envelope, so that more of it is reached.
        for operation in [0x61, 0x64, 0x65, 0x73, 0x78, 0x79] {
            let Ok(length) = u8::try_from(octets.len()) else { continue };
            if length > 100 {
                continue;
            }
            let mut message = vec![0x30, length + 5, 2, 1, 1, operation, length];
            message.extend_from_slice(octets);
            let _ = Message::decode(&message);
        }
        let mut reader = Reader::new(octets);
        while reader.any("anything").is_ok() {}
    });
}

#[test]
fn filter() {
    bolero::check!().for_each(|octets: &[u8]| {
        let text = String::from_utf8_lossy(octets);
        if let Ok(filter) = Filter::parse(&text) {
            assert_eq!(Filter::parse(&filter.to_string()), Ok(filter), "{text}");
        }
    });
}

#[test]
fn distinguished_name() {
    bolero::check!().for_each(|octets: &[u8]| {
        let text = String::from_utf8_lossy(octets);
        let parsed = Dn::parse(&text).ok();
        let normalized = parsed.as_ref().map(Dn::normalized);
        assert_eq!(dn::normalize(&text), normalized, "{text}");
        if let (Some(parsed), Some(normalized)) = (parsed, normalized) {
            assert_eq!(Dn::parse(&parsed.to_string()).unwrap(), parsed);
            assert_eq!(dn::normalize(&normalized), Some(normalized));
        }
    });
}

#[test]
fn ldif() {
    bolero::check!().for_each(|octets: &[u8]| {
        let limits = LdifLimits { line_bytes: 1_000, record_bytes: 10_000 };
        for entry in LdifReader::with_limits(octets, limits).map_while(Result::ok) {
            let mut writer = LdifWriter::new(Vec::new()).unwrap();
            let values = entry.attributes.iter();
            let values =
                values.flat_map(|(name, values)| values.iter().map(|v| (name.as_str(), v.as_slice())));
            writer.entry(&entry.dn, values).unwrap();
            let written = writer.finish().unwrap();
            assert_eq!(LdifReader::new(written.as_slice()).next().unwrap().unwrap(), entry);
        }
    });
}
