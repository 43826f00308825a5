//! `secure-chat keys`: the person's long-term key, to be compared and to be carried elsewhere.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;

use native::files::{self, Existing};
use native::key_file::{self, KeyFileError};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use shared::identity::{Fingerprint, PublicKey};
use zeroize::Zeroizing;

use crate::advice;
use crate::args::{Keys, Passphrase};
use crate::exit::Failure;
use crate::keystore;

/// The longest passphrase that is read from a file, in bytes.
const PASSPHRASE_BYTES: u64 = 4096;

/// Runs the command.
///
/// # Errors
/// [`Failure`] if the key cannot be used or written.
pub(crate) fn run(command: Keys, folder: &Path) -> Result<(), Failure> {
    match command {
        Keys::Show { qr } => {
            let (key, _) = keystore::load_or_generate(folder)?;
            super::print(&shown(key.public_key(), qr)?)
        }
        Keys::Export { file, passphrase } => export(folder, &file, &passphrase),
        Keys::Import { file, passphrase } => import(folder, &file, &passphrase),
    }
}

fn shown(key: &PublicKey, qr: bool) -> Result<String, Failure> {
    let fingerprint = key.fingerprint();
    let mut text = format!(
        "{}\n  {:<10} RSA, {} bits\n\n{}",
        advice::key("you", fingerprint),
        "",
        key.bits(),
        key.to_spki_pem()
    );
    if qr {
        text.push('\n');
        text += &picture(fingerprint)?;
    }
    Ok(text)
}

/// White blocks on black, whatever the terminal's own colours are (ECMA-48 SGR).
const LIGHT_ON_DARK: &str = "\x1b[97;40m";
/// The terminal's own colours again.
const OWN_COLOURS: &str = "\x1b[0m";

/// Renders the fingerprint as a QR code: light modules are drawn, dark ones are left out. On a
/// terminal the colours are set, because many cameras do not read a code with swapped colours.
fn picture(fingerprint: Fingerprint) -> Result<String, Failure> {
    let code = QrCode::with_error_correction_level(fingerprint.to_string(), EcLevel::M)
        .map_err(|error| Failure::other(format!("no QR code: {error}")))?;
    let picture = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build();
    let (before, after) = if io::stdout().is_terminal() {
        (LIGHT_ON_DARK, OWN_COLOURS)
    } else {
        ("", "")
    };
    let lines: Vec<_> = picture
        .lines()
        .map(|line| format!("{before}{line}{after}\n"))
        .collect();
    Ok(lines.concat())
}

fn export(folder: &Path, file: &Path, passphrase: &Passphrase) -> Result<(), Failure> {
    let (key, _) = keystore::load_or_generate(folder)?;
    let passphrase = new_passphrase(passphrase)?;
    let pem = key
        .to_encrypted_pem(&passphrase, &mut native::random())
        .map_err(|error| Failure::other(format!("cannot encrypt the key: {error}")))?;
    files::write(file, pem.as_bytes(), Existing::Refuse).map_err(|error| {
        Failure::other(if error.kind() == io::ErrorKind::AlreadyExists {
            format!(
                "{} is there already, and is not overwritten",
                file.display()
            )
        } else {
            format!("cannot write {}: {error}", file.display())
        })
    })
}

fn import(folder: &Path, file: &Path, passphrase: &Passphrase) -> Result<(), Failure> {
    // Checked first, so that no passphrase is typed in vain.
    let path = keystore::path(folder);
    if path.exists() {
        return Err(KeyFileError::Exists(path).into());
    }
    let key = key_file::read_foreign(file, || match &passphrase.passphrase_file {
        Some(path) => from_file(path),
        None => ask("Passphrase: "),
    })?;
    key_file::store(&path, &key)?;
    super::print(&shown(key.public_key(), false)?)
}

fn new_passphrase(passphrase: &Passphrase) -> Result<Zeroizing<String>, Failure> {
    let first = if let Some(path) = &passphrase.passphrase_file {
        from_file(path)?
    } else {
        let first = ask("New passphrase: ")?;
        if *ask("Again: ")? != *first {
            return Err(Failure::other("the two passphrases differ"));
        }
        first
    };
    if first.is_empty() {
        return Err(Failure::other("an empty passphrase protects nothing"));
    }
    Ok(first)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::other(
            "there is no terminal to ask for the passphrase: give --passphrase-file",
        ));
    }
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| Failure::other(format!("cannot ask for the passphrase: {error}")))
}

/// Returns the file's first line without its line end.
fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    File::open(path)
        .and_then(|file| BufReader::new(file.take(PASSPHRASE_BYTES)).read_line(&mut line))
        .map_err(|error| Failure::other(format!("cannot read {}: {error}", path.display())))?;
    // Shortened in place: a copy of the passphrase could be left in memory.
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}
