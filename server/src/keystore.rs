//! The server's long-term key in the data folder: `server_key.pem`, generated once, never
//! overwritten.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use shared::identity::{KeyError, PrivateKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::system;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "server_key.pem";

/// The largest file that is read, in bytes: an unencrypted 4096-bit key has 3.3 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The reason for which a key cannot be loaded or generated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// The data folder cannot be created or written to.
    #[error("cannot keep the server's key in {path}: {1}", path = .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// Others than the owner have rights in the data folder; holds its mode.
    #[error(
        "others have rights in the data folder {path} (mode {mode:03o}), which has the server's key \
         and the chat's history: run `chmod 700 {path}`",
        path = .0.display(), mode = .1
    )]
    ExposedFolder(PathBuf, u32),
    /// The file exists but cannot be read.
    #[error("cannot read {path}: {1}", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// Others than the owner have rights in the file; holds its mode.
    #[error(
        "{path} can be read by others (mode {mode:03o}): run `chmod 600 {path}`, and if somebody \
         may have copied the key, move the file away so that a new one is made",
        path = .0.display(), mode = .1
    )]
    Exposed(PathBuf, u32),
    /// The file's content is no usable key.
    #[error(
        "{path} is damaged or no RSA private key ({1}); it was left as it is: restore it from a \
         backup, or move it away so that a new one is made",
        path = .0.display()
    )]
    Key(PathBuf, #[source] KeyError),
    /// A new key could not be generated.
    #[error("cannot make a key: {0}")]
    Generate(#[source] KeyError),
}

/// Loads the key, or generates and stores one of `bits` bits if there is none. The `bool` is `true`
/// for a new key.
///
/// # Errors
/// [`KeystoreError`]; an existing file is never changed.
pub fn load_or_generate(folder: &Path, bits: usize) -> Result<(PrivateKey, bool), KeystoreError> {
    let path = folder.join(FILE_NAME);
    check_folder(folder)?;
    match File::open(&path) {
        Ok(file) => Ok((load(&path, file)?, false)),
        // Only a missing file leads to a new key: to clients that have pinned the old one, a new
        // key looks like an attack.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder_error = |error| KeystoreError::Folder(folder.to_path_buf(), error);
            make_folder(folder).map_err(folder_error)?;
            // Opened before the key is generated, so that a folder without rights fails at once.
            let file = tempfile::Builder::new()
                .prefix(".server_key")
                .tempfile_in(folder)
                .map_err(folder_error)?;
            let key = PrivateKey::generate(bits, &mut system::random())
                .map_err(KeystoreError::Generate)?;
            store(&key, file, &path).map_err(folder_error)?;
            Ok((key, true))
        }
        Err(error) => Err(KeystoreError::Read(path, error)),
    }
}

/// Refuses a folder in which others have rights. A user who may write there can put another key in
/// this one's place, and a user who may read there can read the history. A missing folder is
/// created later with the right mode.
#[cfg(unix)]
fn check_folder(folder: &Path) -> Result<(), KeystoreError> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = fs::metadata(folder) else {
        return Ok(());
    };
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_dir() && mode & 0o077 != 0 {
        return Err(KeystoreError::ExposedFolder(folder.to_path_buf(), mode));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_folder: &Path) -> Result<(), KeystoreError> {
    Ok(())
}

fn load(path: &Path, file: File) -> Result<PrivateKey, KeystoreError> {
    let read_error = |error| KeystoreError::Read(path.to_path_buf(), error);
    // The opened file is checked, not the path: the path could lead to another file a moment later.
    let metadata = file.metadata().map_err(read_error)?;
    if !metadata.is_file() {
        return Err(read_error(io::Error::other("it is not a file")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeystoreError::Exposed(path.to_path_buf(), mode));
        }
    }
    let mut pem = Zeroizing::new(String::new());
    match file.take(MAX_FILE_BYTES).read_to_string(&mut pem) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(KeystoreError::Key(
                path.to_path_buf(),
                KeyError::Pem("private key"),
            ));
        }
        Err(error) => return Err(read_error(error)),
    }
    PrivateKey::from_pem(&pem).map_err(|error| KeystoreError::Key(path.to_path_buf(), error))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        // The mode is set at the creation: a `chmod` afterwards would leave a moment for others to
        // open the folder.
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Writes beside the final path, syncs, and renames without overwriting. The temporary file has
/// mode 0600 from its start.
fn store(key: &PrivateKey, mut file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    let pem = key.to_pkcs8_pem().map_err(io::Error::other)?;
    file.write_all(pem.as_bytes())?;
    // Before the rename: after a power cut the name must not lead to an empty file.
    file.as_file().sync_all()?;
    // Two servers may start in one new folder: neither may replace a key that clients of the other
    // have pinned.
    file.persist_noclobber(path).map_err(|error| error.error)?;
    // The rename is in the folder's own data; without this sync a power cut can undo it.
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a folder of its owner alone, as the server makes it; a temporary one has the mode of
    /// the umask.
    fn private_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        }
        folder
    }

    #[test]
    fn a_key_is_made_once_and_then_loaded() {
        let folder = private_folder();
        let inner = folder.path().join("deep/data");
        let (first, new) = load_or_generate(&inner, 2048).unwrap();
        assert!(new);
        let (loaded, new) = load_or_generate(&inner, 2048).unwrap();
        assert!(!new);
        assert_eq!(first.public_key(), loaded.public_key());
        assert_eq!(
            fs::read_dir(&inner).unwrap().count(),
            1,
            "no temporary file is left"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(inner.join(FILE_NAME))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_and_is_left_alone() {
        for content in [
            &b""[..],
            b"hello",
            b"\xff\xfe",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n",
        ] {
            let folder = private_folder();
            let path = folder.path().join(FILE_NAME);
            fs::write(&path, content).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
            let error = load_or_generate(folder.path(), 2048).unwrap_err();
            assert!(matches!(error, KeystoreError::Key(..)), "{error}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_and_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = private_folder();
        load_or_generate(folder.path(), 2048).unwrap();
        let path = folder.path().join(FILE_NAME);
        let before = fs::read(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = load_or_generate(folder.path(), 2048).unwrap_err();
        assert!(error.to_string().contains("mode 644"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_in_which_others_have_rights_is_refused_and_a_new_one_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("data");
        load_or_generate(&folder, 2048).unwrap();
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for mode in [0o777, 0o770, 0o755, 0o710, 0o701] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            let error = load_or_generate(&folder, 2048).unwrap_err().to_string();
            assert!(error.contains(&format!("mode {mode:o}")), "{error}");
            assert!(error.contains("chmod 700"), "{error}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_one_is_a_clear_error() {
        let folder = private_folder();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = load_or_generate(&file, 2048).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }
}
