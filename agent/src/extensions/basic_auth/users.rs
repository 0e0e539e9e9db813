//! Users and the hashes of their passwords, as `htpasswd` writes them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgewatch_core::config::Secret;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};
use subtle::ConstantTimeEq;

use super::apr1;

/// Users by their names.
#[derive(Default)]
pub(super) struct Users {
    passwords: HashMap<String, Password>,
    /// What unknown users are checked against, so that the time it takes does not tell which names are known.
    decoy: Option<Password>,
}

/// How a password was hashed.
#[derive(Clone)]
pub(super) enum Password {
    /// `htpasswd -B`.
    Bcrypt(Secret),
    /// `htpasswd -m`, the default of `htpasswd`: 1000 rounds of MD5.
    Apr1(apr1::Hash),
    /// `htpasswd -s`, and the same with salt as LDAP servers have it.
    Sha1 { digest: Vec<u8>, salt: Vec<u8> },
    /// `htpasswd -p`: not hashed.
    Plain(Secret),
}

impl Users {
    /// Reads lines of `user:password`; those of `later` win over those of `text`. Errors name the line, not what it says.
    pub(super) fn read(text: &str, later: &str) -> Result<Self, String> {
        let mut users = Self::default();
        for part in [text, later] {
            for (number, line) in (1..).zip(part.lines()) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let wrong = |fact: &str| format!("line {number} {fact}");
                let (user, password) =
                    line.split_once(':').ok_or_else(|| wrong("has no colon behind a user's name"))?;
                let password = Password::read(password).map_err(wrong)?;
                if users.decoy.is_none() && password.is_slow() {
                    users.decoy = Some(password.clone());
                }
                users.passwords.insert(user.to_owned(), password);
            }
        }
        Ok(users)
    }

    /// The password of `user`.
    pub(super) fn find(&self, user: &str) -> Option<&Password> {
        self.passwords.get(user)
    }

    /// One that takes as long to check as those of most users; it is nobody's.
    pub(super) const fn decoy(&self) -> Option<&Password> {
        self.decoy.as_ref()
    }
}

impl Password {
    fn read(text: &str) -> Result<Self, &'static str> {
        if ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            return match text.parse::<bcrypt::HashParts>() {
                Ok(_) => Ok(Self::Bcrypt(Secret::new(text))),
                Err(_) => Err("has a damaged bcrypt hash"),
            };
        }
        if text.starts_with("$apr1$") || text.starts_with("$1$") {
            return apr1::Hash::read(text).map(Self::Apr1).ok_or("has a damaged MD5 hash");
        }
        if let Some(encoded) = text.strip_prefix("{SHA}").or_else(|| text.strip_prefix("{SSHA}")) {
            let bytes = STANDARD.decode(encoded).map_err(|_| "has a damaged SHA-1 hash")?;
            let (digest, salt) = bytes.split_at_checked(SHA1_OUTPUT_LEN).ok_or("has a damaged SHA-1 hash")?;
            return Ok(Self::Sha1 { digest: digest.to_vec(), salt: salt.to_vec() });
        }
        if text.starts_with('$') || text.starts_with('{') {
            return Err("has a hash of a kind that is not in this build; make it with htpasswd -B");
        }
        if text.is_empty() {
            return Err("has no password");
        }
        Ok(Self::Plain(Secret::new(text)))
    }

    /// Whether checking takes so long that it must not happen on the lane.
    pub(super) const fn is_slow(&self) -> bool {
        match self {
            Self::Bcrypt(_) | Self::Apr1(_) => true,
            Self::Sha1 { .. } | Self::Plain(_) => false,
        }
    }

    /// Whether this is the password.
    pub(super) fn is(&self, password: &[u8]) -> bool {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash.expose()).unwrap_or(false),
            Self::Apr1(hash) => hash.is_of(password),
            Self::Sha1 { digest, salt } => {
                let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
                context.update(password);
                context.update(salt);
                context.finish().as_ref().ct_eq(digest).into()
            }
            Self::Plain(known) => known.expose().as_bytes().ct_eq(password).into(),
        }
    }
}
