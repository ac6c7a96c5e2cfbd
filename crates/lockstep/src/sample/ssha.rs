//! The `{SSHA}` form of userPassword: what OpenLDAP stores by default.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// `{SSHA}` and the base64 of SHA-1(password, salt) with the salt after it.
pub(super) fn ssha(password: &[u8], salt: [u8; 8]) -> String {
    let digest = Sha1::new().chain_update(password).chain_update(salt).finalize();
    let mut stored = [0_u8; 28];
    for (to, from) in stored.iter_mut().zip(digest.iter().chain(&salt)) {
        *to = *from;
    }
    let mut text = String::from("{SSHA}");
    STANDARD.encode_string(stored, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_value() {
        // python3: base64(sha1(b"secret" + b"saltsalt").digest() + b"saltsalt")
        assert_eq!(ssha(b"secret", *b"saltsalt"), "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==");
    }
}
