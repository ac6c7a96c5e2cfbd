//! Percent-encoding (RFC 3986 section 2.1).

use crate::error::ApiError;

/// Decodes a part of an address. In a query, `+` is a space.
pub(crate) fn decode(raw: &str, query: bool) -> Result<String, ApiError> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => u8::try_from(high * 16 + low).unwrap_or_default(),
                    _ => return Err(ApiError::bad_request("A `%` in the address needs two hex digits.")),
                }
            }
            b'+' if query => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| ApiError::bad_request("The address is not UTF-8 text."))
}

/// Appends `text` so that it can stand as a value in a query.
pub(crate) fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,:@/()$'".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0')));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = "a b+c&d=e%f#g/é'()";
        let mut out = String::new();
        encode(text, &mut out);
        assert_eq!(out, "a%20b%2Bc%26d%3De%25f%23g/%C3%A9'()");
        assert_eq!(decode(&out, true).unwrap(), text);
        assert_eq!(decode("a+b%2bc", true).unwrap(), "a b+c");
        assert_eq!(decode("a+b", false).unwrap(), "a+b");
        for bad in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert!(decode(bad, true).is_err(), "{bad}");
        }
    }
}
