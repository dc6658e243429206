//! The file of the envelope keys: read, made at first start, written anew by a rotation. Whoever
//! starts at the same moment gets the same keys.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mingka_crypto::SystemEntropy;
use mingka_crypto::digest::hex;
use mingka_crypto::entropy::random;
use mingka_crypto::keyring::KeyRing;
use zeroize::Zeroizing;

use crate::database::Database;

/// The keys of this file, made when there is none yet. A database without its keys is never given
/// new ones: what it holds would be lost without a word.
pub(crate) fn open(file: &Path, database: &Path) -> Result<KeyRing, String> {
    // Looked at again last: another process may have made both in between, the keys first.
    if !file.exists() && database.exists() && !file.exists() {
        return Err(missing(file, &database.display().to_string()));
    }
    read_or_make(file)
}

/// The same for a database on a server, which is in use when it holds anything: then its keys are
/// those of the processes that are there already.
pub(crate) fn open_beside(file: &Path, server: &str, is_in_use: bool) -> Result<KeyRing, String> {
    if !file.exists() && is_in_use {
        return Err(missing(file, server));
    }
    read_or_make(file)
}

/// What to say of keys that are not those of the database.
pub(crate) fn foreign(file: &Path) -> String {
    format!(
        "the key file {} is not the one of the database: it belongs to another one, or was \
         changed. Put the right file back from your copy.",
        file.display()
    )
}

/// Whether these keys are those of a database; a database that is not there yet takes any.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn fits(ring: &KeyRing, database: &Database) -> Result<bool, String> {
    if matches!(database, Database::Embedded(file) if !file.exists()) {
        return Ok(true);
    }
    let store = database.look().map_err(|e| format!("database {database}: {e}"))?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("cannot start the runtime: {e}"))?
        .block_on(mingka_engine::keys_fit(&store, ring))
        .map_err(|e| format!("database {database}: {e}"))
}

fn missing(file: &Path, database: &str) -> String {
    format!(
        "the key file {} is missing, but the database {database} is there. Put the key file back \
         from your copy, or name it in [keys] file; without it the sealed data cannot be read.",
        file.display(),
    )
}

fn read_or_make(file: &Path) -> Result<KeyRing, String> {
    if !file.exists() {
        make(file).map_err(|e| cannot_write(file, &e))?;
    }
    read(file)
}

/// Reads the file again, but only when it was changed since the last time: whoever forges sealed
/// values of newer and newer versions causes no reading.
pub(crate) fn when_changed(file: PathBuf) -> impl Fn() -> Option<KeyRing> + Send + Sync {
    let seen = Mutex::new(None);
    move || {
        let about = fs::metadata(&file).ok()?;
        // The length too: a clock may be too coarse for two changes, and a rotation adds a line.
        let now = (about.modified().ok()?, about.len());
        let before = seen.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
        (before != Some(now)).then(|| read(&file).ok())?
    }
}

fn read(file: &Path) -> Result<KeyRing, String> {
    let text = fs::read_to_string(file)
        .map(Zeroizing::new)
        .map_err(|e| format!("cannot read the key file {}: {e}", file.display()))?;
    KeyRing::from_file_text(&text).map_err(|e| format!("{}: {e}", file.display()))
}

/// Puts other keys in the file's place, whole or not at all.
pub(crate) fn replace(file: &Path, ring: &KeyRing) -> Result<(), String> {
    let replaced = || -> io::Result<()> {
        let beside = write_beside(file, ring)?;
        fs::rename(&beside, file)?;
        settle(file)
    };
    replaced().map_err(|e| cannot_write(file, &e))
}

/// Makes the file, unless another process was quicker: its keys are then the keys.
fn make(file: &Path) -> io::Result<()> {
    let beside = write_beside(file, &KeyRing::fresh(&SystemEntropy::new()))?;
    let linked = fs::hard_link(&beside, file);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => settle(file),
    }
}

/// A file of its own beside the key file, readable by its owner alone, and on the disk.
fn write_beside(file: &Path, ring: &KeyRing) -> io::Result<PathBuf> {
    let beside = file.with_extension(hex(&random::<8>(&SystemEntropy::new())));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut handle = options.open(&beside)?;
    handle.write_all(ring.to_file_text().as_bytes())?;
    handle.sync_all()?;
    Ok(beside)
}

/// The new name must survive a power cut as well as the content does.
fn settle(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn cannot_write(file: &Path, error: &io::Error) -> String {
    format!("cannot write the key file {}: {error}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("mingka-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn whoever_starts_at_the_same_moment_gets_the_same_keys() {
        let folder = Folder::new("key-race");
        let (file, database) = (folder.0.join("mingka.keys"), folder.0.join("mingka.db"));
        let index = |ring: &KeyRing| ring.blind_index("test", b"x");
        for _ in 0..20 {
            let start = std::sync::Barrier::new(8);
            let found: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            start.wait();
                            index(&open(&file, &database).unwrap())
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let kept = index(&open(&file, &database).unwrap());
            assert!(found.iter().all(|ring| *ring == kept), "two key rings for one folder");
            let names = fs::read_dir(&folder.0).unwrap().count();
            assert_eq!(names, 1, "something was left behind");
            fs::remove_file(&file).unwrap();
        }
    }

    #[test]
    fn a_database_is_never_given_new_keys() {
        let folder = Folder::new("key-lost");
        let (file, database) = (folder.0.join("mingka.keys"), folder.0.join("mingka.db"));
        fs::write(&database, b"").unwrap();
        assert!(open(&file, &database).unwrap_err().contains("Put the key file back"));
        assert!(!file.exists());
    }

    #[test]
    fn the_file_is_read_again_only_when_it_changed() {
        let folder = Folder::new("key-again");
        let (file, database) = (folder.0.join("mingka.keys"), folder.0.join("mingka.db"));
        let mut ring = open(&file, &database).unwrap();
        let again = when_changed(file.clone());
        assert!(again().is_some());
        assert!(again().is_none(), "nothing changed");
        ring.rotate(&SystemEntropy::new()).unwrap();
        replace(&file, &ring).unwrap();
        assert_eq!(again().unwrap().current_version(), 2);
        assert!(again().is_none());
        fs::remove_file(&file).unwrap();
        assert!(again().is_none());
    }

    #[test]
    fn a_rotation_is_read_back() {
        let folder = Folder::new("key-rotation");
        let (file, database) = (folder.0.join("mingka.keys"), folder.0.join("mingka.db"));
        let mut ring = open(&file, &database).unwrap();
        ring.rotate(&SystemEntropy::new()).unwrap();
        replace(&file, &ring).unwrap();
        assert_eq!(open(&file, &database).unwrap().current_version(), 2);
    }
}
