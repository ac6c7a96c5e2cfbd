//! Tokens, cookies and one-time links: 256 random bits, kept as SHA-256 only. (A slow hash is for what people
//! choose; nobody guesses 256 bits.)

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_tenant::store::SecretHash;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// A secret as it is given out, once, and the hash by which the store knows it.
#[derive(Debug)]
pub struct NewSecret {
    /// To be shown once.
    pub text: SecretString,
    /// To be kept.
    pub hash: SecretHash,
}

/// The system gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers; try again")]
pub struct SecretError(#[source] getrandom::Error);

/// A new secret. `prefix` says what it is for, so that one that leaked can be told: `lkt` for tokens.
///
/// # Errors
/// [`SecretError`].
pub fn new_secret(prefix: &str) -> Result<NewSecret, SecretError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(SecretError)?;
    let text = format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random));
    Ok(NewSecret { hash: hash_secret(&text), text: text.into() })
}

/// The hash by which the store knows a secret.
pub fn hash_secret(text: &str) -> SecretHash {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn secrets_differ_and_are_found_by_their_hash() {
        let (one, two) = (new_secret("lkt").unwrap(), new_secret("lkt").unwrap());
        assert_ne!(one.hash, two.hash);
        assert_eq!(hash_secret(one.text.expose_secret()), one.hash);
        assert_eq!(one.text.expose_secret().len(), 4 + 43);
        assert!(!format!("{one:?}").contains(one.text.expose_secret()));
    }
}
