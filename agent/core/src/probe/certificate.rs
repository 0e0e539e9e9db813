//! Whether certificates are valid now (RFC 5280, section 4.1.2.5).

use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::check::{Fault, Trouble};

/// Remaining validity below which a certificate is about to expire, unless two thirds of its life are still to come: some
/// live for a day only.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What certificates are there for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// To be shown, the first with its issuers behind it. All must be valid.
    Chain,
    /// To be trusted. Some bundles hold old ones; one that is valid is enough.
    Authorities,
}

/// The times between which a certificate is valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Validity {
    pub(super) from: SystemTime,
    pub(super) until: SystemTime,
}

/// Whether the certificates in `pem`, which stand at `key`, are valid at `now` and for a while yet. Those that cannot be read are
/// passed over: building the component tells.
///
/// # Errors
///
/// The first that is not.
pub fn validity(key: &str, pem: &[u8], role: Role, now: SystemTime) -> Result<(), Trouble> {
    let certificates = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    let validities: Vec<Validity> = certificates.filter_map(|certificate| parse(&certificate)).collect();
    let troubles = validities.iter().filter_map(|validity| judge(key, *validity, now));
    match role {
        Role::Chain => {
            let mut troubles: Vec<Trouble> = troubles.collect();
            troubles.sort_by_key(|trouble| trouble.severity);
            troubles.into_iter().next().map_or(Ok(()), Err)
        }
        Role::Authorities => {
            let mut troubles: Vec<Trouble> = troubles.collect();
            // The one with the least trouble decides.
            troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.severity));
            if troubles.len() < validities.len() {
                Ok(())
            } else {
                troubles.into_iter().next().map_or(Ok(()), Err)
            }
        }
    }
}

fn judge(key: &str, Validity { from, until }: Validity, now: SystemTime) -> Option<Trouble> {
    let time = |time| humantime::format_rfc3339_seconds(time);
    if now > until {
        let fact = format!("the certificate has expired on {}", time(until));
        return Some(Fault::new(fact, "renew it").error_at(key));
    }
    if now < from {
        let fact = format!("the certificate is valid only from {}", time(from));
        return Some(
            Fault::new(fact, "check the clock of this host, or use a certificate that is valid")
                .error_at(key),
        );
    }
    let left = until.duration_since(now).unwrap_or_default();
    let life = until.duration_since(from).unwrap_or_default();
    if left < SOON && left < life / 3 {
        let fact = format!("the certificate expires on {}", time(until));
        let help = "renew it; with reload_interval set, the agent takes the new one without a restart";
        return Some(Fault::new(fact, help).warning_at(key));
    }
    None
}

/// The validity of a certificate in DER.
pub(super) fn parse(der: &[u8]) -> Option<Validity> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xA0;
    let (tag, certificate, _) = element(der)?;
    let (inner, to_be_signed, _) = element(certificate)?;
    if (tag, inner) != (SEQUENCE, SEQUENCE) {
        return None;
    }
    let mut rest = to_be_signed;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (from_tag, from, rest) = element(validity)?;
    let (until_tag, until, _) = element(rest)?;
    Some(Validity { from: time(from_tag, from)?, until: time(until_tag, until)? })
}

/// Tag and content of the first element, and what comes behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        0x80 | 0x85.. => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` up to 2049, `YYYYMMDDHHMMSSZ` for all years.
fn time(tag: u8, text: &[u8]) -> Option<SystemTime> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let text = str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let digits = match tag {
        UTC_TIME if text.get(..1)? < "5" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |from, to| digits.get(from..to);
    let (date, time) =
        ((part(0, 4)?, part(4, 6)?, part(6, 8)?), (part(8, 10)?, part(10, 12)?, part(12, 14)?));
    let text = format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, time.2);
    humantime::parse_rfc3339(&text).ok()
}
