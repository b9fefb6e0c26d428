//! The sealer of the laptop: one key file, from which each tenant's data key is derived.
//!
//! Its one rule: the file is its owner's alone. One that others can read is refused, because what it seals is then
//! open already.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::envelope::{self, DataKey};
use super::{SealError, Sealer};
use crate::{private, tenant::TenantId};

/// First line of the file, so that another kind of file is not taken for a key.
const MARK: &str = "baton-key-1";
const KEY_LEN: usize = 32;
/// Separates these keys from any others that are derived from the same file one day.
const SALT: &[u8] = b"baton sealer 1";

/// Why a key file was not used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("{path} can be read by others (mode {mode:o}); it needs 600", path = .0.display(), mode = .1)]
    Exposed(PathBuf, u32),
    #[error("{} is not a key file", .0.display())]
    Malformed(PathBuf),
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

pub struct KeyFile {
    master: Zeroizing<[u8; KEY_LEN]>,
}

impl KeyFile {
    /// Reads the key file, making one when there is none. Without it, nothing that it sealed opens again.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        let io = |error| KeyFileError::Io(path.into(), error);
        let file = match File::open(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                create(path).map_err(io)?;
                File::open(path).map_err(io)?
            }
            opened => opened.map_err(io)?,
        };
        check_mode(path, &file)?;
        // The capacity is more than a key file has, so that no growing buffer leaves the key behind.
        let mut text = Zeroizing::new(String::with_capacity(256));
        file.take(256).read_to_string(&mut text).map_err(io)?;
        let master = parse(&text).ok_or_else(|| KeyFileError::Malformed(path.into()))?;
        Ok(Self { master })
    }

    /// A key for tests that vanishes with the process.
    pub fn ephemeral() -> Result<Self, SealError> {
        Ok(Self { master: random().map_err(|e| SealError::Unavailable(e.to_string()))? })
    }

    /// HKDF-SHA256 (RFC 5869) with the tenant as the info.
    fn key_of(&self, tenant: TenantId) -> Result<DataKey, SealError> {
        let impossible = |_| SealError::Unavailable("key derivation failed".into());
        let mut key = Zeroizing::new([0; KEY_LEN]);
        Salt::new(HKDF_SHA256, SALT)
            .extract(self.master.as_slice())
            .expand(&[&tenant.0.to_be_bytes()], Length)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .map_err(impossible)?;
        Ok(DataKey::new(key))
    }
}

#[async_trait]
impl Sealer for KeyFile {
    async fn seal(&self, tenant: TenantId, record: &str, secret: &SecretString) -> Result<String, SealError> {
        envelope::seal(&self.key_of(tenant)?, &[], tenant, record, secret)
    }

    async fn open(&self, tenant: TenantId, record: &str, sealed: &str) -> Result<SecretString, SealError> {
        let envelope = envelope::split(sealed)?;
        // A header is another engine's; this one derives its keys and stores none.
        if !envelope.header.is_empty() {
            return Err(SealError::DoesNotOpen);
        }
        envelope::open(&self.key_of(tenant)?, &envelope, tenant, record)
    }
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_LEN
    }
}

fn random() -> io::Result<Zeroizing<[u8; KEY_LEN]>> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    SystemRandom::new().fill(key.as_mut_slice()).map_err(|_| io::Error::other("no randomness"))?;
    Ok(key)
}

/// Writes a new key beside the path and links it there: whole or not at all, and never over a key that another
/// process made in the meantime.
fn create(path: &Path) -> io::Result<()> {
    let mut suffix = [0; 8];
    SystemRandom::new().fill(&mut suffix).map_err(|_| io::Error::other("no randomness"))?;
    let temporary = path.with_extension(format!("{:016x}.tmp", u64::from_be_bytes(suffix)));
    let made = write(&temporary).and_then(|()| match fs::hard_link(&temporary, path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // It holds a key, so it goes whatever happened.
    let removed = fs::remove_file(&temporary);
    made.and(removed)?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

fn write(path: &Path) -> io::Result<()> {
    let key = Zeroizing::new(URL_SAFE_NO_PAD.encode(random()?.as_slice()));
    let mut file = private::open(File::options().write(true).create_new(true), path)?;
    writeln!(file, "{MARK}\n{}", key.as_str())?;
    file.sync_all()
}

fn parse(text: &str) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let mut lines = text.lines();
    let (Some(MARK), Some(encoded), None) = (lines.next(), lines.next(), lines.next()) else { return None };
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let written = URL_SAFE_NO_PAD.decode_slice(encoded, key.as_mut_slice()).ok()?;
    (written == KEY_LEN).then_some(key)
}

/// Asked of the open file and not of the path, which may have changed in between.
#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|e| KeyFileError::Io(path.into(), e))?;
    match metadata.permissions().mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(KeyFileError::Exposed(path.into(), mode)),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    crate::sealer_conformance!(ephemeral, async { ((), KeyFile::ephemeral().unwrap()) });

    #[tokio::test]
    async fn what_was_sealed_opens_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let sealed = KeyFile::open(&path).unwrap().seal(TenantId(1), "r", &"secret".into()).await.unwrap();
        let opened = KeyFile::open(&path).unwrap().open(TenantId(1), "r", &sealed).await.unwrap();
        assert_eq!(opened.expose_secret(), "secret");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing temporary is left");
        let other = KeyFile::ephemeral().unwrap().open(TenantId(1), "r", &sealed).await;
        assert!(matches!(other, Err(SealError::DoesNotOpen)));
    }

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let open = || KeyFile::open(&path).unwrap().master;
        let keys: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| **key == *keys[0]));
    }

    #[cfg(unix)]
    #[test]
    fn file_is_made_private_and_a_wider_one_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        KeyFile::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(KeyFile::open(&path), Err(KeyFileError::Exposed(_, found)) if found == mode));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        KeyFile::open(&path).unwrap();
    }

    #[test]
    fn what_is_no_key_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        KeyFile::open(&path).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        for text in [
            "",
            "baton-key-1\n",
            "baton-key-1\nAAAA\n",
            "baton-key-2\nAAAA\n",
            &good[1..],
            &good.repeat(2),
            &good.repeat(9),
        ] {
            fs::write(&path, text).unwrap();
            assert!(matches!(KeyFile::open(&path), Err(KeyFileError::Malformed(_))), "{text:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
