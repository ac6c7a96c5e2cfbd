//! Writes content records, and change records that modify.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Write};

/// Bytes a line has at most; RFC 2849 wants 76 or fewer.
const WIDTH: usize = 76;

/// A part of a change record: one value that goes, or one that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modification<'a> {
    /// The value goes; where the attribute does not have it, the whole record fails.
    Delete {
        /// The attribute.
        attribute: &'a str,
        /// The value.
        value: &'a [u8],
    },
    /// The value comes.
    Add {
        /// The attribute.
        attribute: &'a str,
        /// The value.
        value: &'a [u8],
    },
}

/// Writes entries as LDIF, version 1, with lines folded and unsafe values in base64.
#[derive(Debug)]
pub struct LdifWriter<W> {
    out: W,
}

impl<W: Write> LdifWriter<W> {
    /// Starts a file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"version: 1\n")?;
        Ok(Self { out })
    }

    /// Writes one entry: its DN, then each attribute with one value, in the order given.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn entry<'a>(
        &mut self,
        dn: &str,
        attributes: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        self.line("dn", dn.as_bytes())?;
        attributes.into_iter().try_for_each(|(name, value)| self.line(name, value))
    }

    /// Writes a change record (`changetype: modify`): the modifications in their order, all or none of them.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn modify<'a>(
        &mut self,
        dn: &str,
        modifications: impl IntoIterator<Item = Modification<'a>>,
    ) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        self.line("dn", dn.as_bytes())?;
        self.out.write_all(b"changetype: modify\n")?;
        for modification in modifications {
            let (what, attribute, value) = match modification {
                Modification::Delete { attribute, value } => ("delete", attribute, value),
                Modification::Add { attribute, value } => ("add", attribute, value),
            };
            self.line(what, attribute.as_bytes())?;
            self.line(attribute, value)?;
            self.out.write_all(b"-\n")?;
        }
        Ok(())
    }

    /// Writes what is buffered and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, name: &str, value: &[u8]) -> io::Result<()> {
        let mut line = Vec::with_capacity(name.len() + value.len() + 3);
        line.extend_from_slice(name.as_bytes());
        if is_safe(value) {
            line.extend_from_slice(if value.is_empty() { b":" } else { b": " });
            line.extend_from_slice(value);
        } else {
            line.extend_from_slice(b":: ");
            line.extend_from_slice(STANDARD.encode(value).as_bytes());
        }
        let (first, rest) = line.split_at(line.len().min(WIDTH));
        self.out.write_all(first)?;
        for part in rest.chunks(WIDTH - 1) {
            self.out.write_all(b"\n ")?;
            self.out.write_all(part)?;
        }
        self.out.write_all(b"\n")
    }
}

/// SAFE-STRING of RFC 2849; a space at the end is not safe either (its note 8).
fn is_safe(value: &[u8]) -> bool {
    !matches!(value.first(), Some(b' ' | b':' | b'<'))
        && value.last() != Some(&b' ')
        && value.iter().all(|b| (1..=127).contains(b) && !matches!(b, b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::super::LdifReader;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_what_rfc_2849_asks_for() {
        let mut writer = LdifWriter::new(Vec::new()).unwrap();
        let long = "x".repeat(100);
        let values: [(&str, &[u8]); 6] = [
            ("cn", b"Ann"),
            ("sn", "Müller".as_bytes()),
            ("a", b" lead"),
            ("b", b"trail "),
            ("c", b""),
            ("d", long.as_bytes()),
        ];
        writer.entry("cn=Ann,dc=x", values).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        let expect = format!(
            "version: 1\n\ndn: cn=Ann,dc=x\ncn: Ann\nsn:: TcO8bGxlcg==\na:: IGxlYWQ=\nb:: dHJhaWwg\nc:\nd: {}\n {}\n",
            "x".repeat(73),
            "x".repeat(27)
        );
        assert_eq!(text, expect);
    }

    #[test]
    fn a_change_takes_one_value_and_gives_another() {
        let mut writer = LdifWriter::new(Vec::new()).unwrap();
        let (old, new): (&[u8], &[u8]) = (b"ann ", b"ann");
        let changes = [
            Modification::Delete { attribute: "uid", value: old },
            Modification::Add { attribute: "uid", value: new },
        ];
        writer.modify("cn=Ann,dc=x", changes).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        let expect = "version: 1\n\ndn: cn=Ann,dc=x\nchangetype: modify\ndelete: uid\nuid:: YW5uIA==\n-\nadd: uid\nuid: ann\n-\n";
        assert_eq!(text, expect);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..5)) {
            let mut writer = LdifWriter::new(Vec::new()).unwrap();
            writer.entry("cn=Zoë,dc=x", values.iter().map(|v| ("cn", v.as_slice()))).unwrap();
            let text = writer.finish().unwrap();
            let entries: Vec<_> = LdifReader::new(text.as_slice()).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(entries.len(), 1);
            prop_assert_eq!(&entries[0].dn, "cn=Zoë,dc=x");
            prop_assert_eq!(entries[0].attributes.values("cn"), values.as_slice());
        }
    }
}
