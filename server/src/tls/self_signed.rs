//! A certificate that the server signs itself, for a network without names of its own. Nobody vouches
//! for it: people compare its fingerprint once, and their browser remembers it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use native::files::{self, Existing, ReadError};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};

use super::certificate::{Certificate, CertificateError, Texts};
use super::source::read;

/// The rights that others must not have in the file, which has a key: none.
const FORBIDDEN: u32 = 0o077;

/// The life of a certificate. Some browsers refuse longer ones than 825 days.
const LIFE: Duration = Duration::from_hours(365 * 24);

/// The rest of its life at which a certificate is made anew when it is loaded.
const RENEWED_BEFORE: Duration = Duration::from_hours(30 * 24);

/// The time by which a new certificate begins earlier: clients' clocks may be behind.
const BACKDATED: Duration = Duration::from_hours(24);

/// Loads the certificate, which keeps its fingerprint over restarts, or makes a new one: if there is
/// none yet, if its end is near, or if it is for other names.
pub(super) fn load_or_make(
    path: &PathBuf,
    names: &[String],
    now: SystemTime,
) -> Result<Certificate, CertificateError> {
    let text = match read(path, FORBIDDEN) {
        Ok(text) => text,
        Err(CertificateError::Read {
            cause: ReadError::NotFound,
            ..
        }) => return make(path, names, now),
        Err(error) => return Err(error),
    };
    let texts = Texts {
        chain: (path, &text),
        key: (path, &text),
    };
    match Certificate::parse(texts, names, now + RENEWED_BEFORE) {
        Err(CertificateError::Expired(_) | CertificateError::WrongName { .. }) => {
            make(path, names, now)
        }
        found => found,
    }
}

fn make(
    path: &PathBuf,
    names: &[String],
    now: SystemTime,
) -> Result<Certificate, CertificateError> {
    let (chain, key) = generate(names, now).map_err(CertificateError::Make)?;
    let text = chain + &key;
    write(path, &text)?;
    let texts = Texts {
        chain: (path, &text),
        key: (path, &text),
    };
    Certificate::parse(texts, names, now)
}

/// Returns a certificate and its key, in PEM.
fn generate(names: &[String], now: SystemTime) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + LIFE).into();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "Secure Chat (self-signed)");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn write(path: &Path, text: &str) -> Result<(), CertificateError> {
    files::write(path, text.as_bytes(), Existing::Replace).map_err(|cause| {
        let path = path.to_owned();
        CertificateError::Write { path, cause }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_certificate_stays_until_its_end_or_until_it_needs_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tls.pem");
        let now = SystemTime::now();
        let (both, other) = (names(&["localhost", "192.0.2.1"]), names(&["chat.example"]));
        let load = |names: &[String], now| load_or_make(&path, names, now).unwrap();
        let first = load(&both, now);
        assert_eq!(
            load(&both, now + Duration::from_hours(24)).fingerprint,
            first.fingerprint
        );
        assert_eq!(load(&both[..1], now).fingerprint, first.fingerprint);
        let near_its_end = now + LIFE - RENEWED_BEFORE + Duration::from_mins(1);
        let second = load(&both, near_its_end);
        assert_ne!(second.fingerprint, first.fingerprint);
        assert!(second.not_after > first.not_after);
        assert_ne!(load(&other, near_its_end).fingerprint, second.fingerprint);
    }

    #[test]
    fn a_damaged_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tls.pem");
        for damaged in ["", "-----BEGIN CERTIFICATE-----\nAAAA"] {
            write(&path, damaged).unwrap();
            let error = load_or_make(&path, &[], SystemTime::now()).unwrap_err();
            assert!(
                error.to_string().contains("no whole certificate"),
                "{error}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
