//! Folder, file modes, free space and the lock of the one instance.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::StoreError;

/// Makes the database's folder when absent (0700) and says whether the database exists.
pub(super) fn prepare(path: &Path) -> Result<bool, StoreError> {
    let folder = folder_of(path);
    if !folder.exists() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| StoreError::Files(format!("{}: {}", folder.display(), error.kind())))?;
    }
    check_modes(path)?;
    Ok(path.exists())
}

/// Makes the database file 0600 before SQLite does it with the umask's mode; its log takes the same.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Files(format!("{}: {}", path.display(), error.kind()))),
    }
}

/// Refuses a folder or file that others may read (T51).
pub(super) fn check_modes(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let mut look = vec![(folder, "700")];
    for ending in ["", "-wal", "-shm", ".key", ".lock", ".marks"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        look.push((PathBuf::from(name), "600"));
    }
    for (file, mode) in look {
        let Ok(meta) = std::fs::metadata(&file) else { continue };
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(StoreError::Files(format!(
                "{0} is open to others (mode {1:o}); run: chmod {mode} {0}",
                file.display(),
                meta.permissions().mode() & 0o777
            )));
        }
    }
    Ok(())
}

/// Free MiB on the disk that holds `path`; `None` when it cannot be told.
pub(super) fn free_mib(path: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder_of(path)).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize) >> 20)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Held while a daemon runs on the data; the kernel lets go of it however the process ends (R8).
#[derive(Debug)]
pub struct InstanceLock {
    _file: File,
}

impl InstanceLock {
    /// Takes the lock beside the database.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it.
    pub fn take(database: &Path) -> Result<Self, StoreError> {
        prepare(database)?;
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let failed =
            |error: &std::io::Error| StoreError::Files(format!("{}: {}", path.display(), error.kind()));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(database.display().to_string())),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}
