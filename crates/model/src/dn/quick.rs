//! Normalizes a name in one pass: RDNs that are plain are folded as they are read, the others go through the
//! parser one by one. A directory names one entry a hundred thousand times over, as member and as manager.

use super::parse::{self, Cursor};
use super::{MAX_BYTES, MAX_RDNS, short_name};

/// The normalized form of a name; none where the text is no DN.
pub(super) fn normalize(text: &str) -> Option<String> {
    let octets = text.as_bytes();
    if octets.len() > MAX_BYTES {
        return None;
    }
    let mut out = String::with_capacity(octets.len() + 8);
    if octets.iter().all(|b| *b == b' ') {
        return Some(out);
    }
    let mut cursor = Cursor::new(octets);
    for _ in 0..MAX_RDNS {
        let more = match plain(text.get(cursor.at..), &mut out) {
            Some(length) => cursor.skip(length),
            None => {
                let (rdn, more) = parse::rdn(&mut cursor).ok()?;
                rdn.write_normalized(&mut out);
                more
            }
        };
        if !more {
            return Some(out);
        }
        out.push(',');
    }
    None
}

/// Writes the first RDN of a text, if it is plain: one value of printable ASCII, with no escape, no `#` and no
/// two spaces in a row. Answers its length, the comma left out.
fn plain(text: Option<&str>, out: &mut String) -> Option<usize> {
    let text = text?;
    let mut equals = None;
    let mut length = text.len();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b',' => {
                length = at;
                break;
            }
            b'=' => equals = equals.or(Some(at)),
            b'"' | b'+' | b';' | b'<' | b'>' | b'\\' | b'#' | ..b' ' | 127.. => return None,
            _ => {}
        }
    }
    let (attribute, value) = text.get(..length)?.split_at_checked(equals?)?;
    let attribute = attribute.trim_matches(' ');
    let value = value.get(1..)?.trim_matches(' ');
    let named = attribute.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && attribute.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !named || value.contains("  ") {
        return None;
    }
    if attribute.len() > 5 {
        out.push_str(short_name(&attribute.to_ascii_lowercase()));
    } else {
        push_lower(attribute, out);
    }
    out.push('=');
    push_lower(value, out);
    Some(length)
}

fn push_lower(text: &str, out: &mut String) {
    let start = out.len();
    out.push_str(text);
    if let Some(pushed) = out.get_mut(start..) {
        pushed.make_ascii_lowercase();
    }
}
