//! Letters into a folder instead of the mail: for a rehearsal and for the demo.

use std::collections::HashSet;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::connect::PostmanError;
use super::outcome::{Cause, Class, Outcome, Step};

/// The folder, and what lies in it.
pub(super) struct Folder {
    path: PathBuf,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    is_read: bool,
    last_number: u32,
    hashes: HashSet<String>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, shelf: Arc::default() }
    }

    /// Writes `0001-<hash>.eml`, readable by us alone; the same letter again keeps its file (R5).
    pub(super) async fn put(&self, bytes: &[u8]) -> Outcome {
        let (path, shelf, bytes) = (self.path.clone(), Arc::clone(&self.shelf), bytes.to_vec());
        let written = tokio::task::spawn_blocking(move || {
            let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            write(&path, &mut shelf, &bytes)
        });
        let kind = match written.await {
            Ok(Ok(())) => return Outcome::Accepted { code: 250 },
            Ok(Err(error)) => error.kind(),
            Err(_) => std::io::ErrorKind::Other,
        };
        Outcome::Transient { class: Class::new(Step::Folder, Cause::Disk(kind)) }
    }

    pub(super) async fn probe(&self) -> Result<String, PostmanError> {
        let path = self.path.clone();
        let made = tokio::task::spawn_blocking(move || make(&path)).await;
        let shown = self.path.display();
        match made {
            Ok(Ok(())) => Ok(format!("letters are written to {shown} and not sent")),
            Ok(Err(error)) => Err(PostmanError::new(format!("smtp.folder: {shown}: {}", error.kind()))),
            Err(_) => Err(PostmanError::new(format!("smtp.folder: {shown} cannot be tried"))),
        }
    }
}

fn make(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write(folder: &Path, shelf: &mut Shelf, bytes: &[u8]) -> std::io::Result<()> {
    make(folder)?;
    if !shelf.is_read {
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if let Some((number, hash)) = name.strip_suffix(".eml").and_then(|name| name.split_once('-')) {
                shelf.last_number = shelf.last_number.max(number.parse().unwrap_or(0));
                shelf.hashes.insert(hash.to_owned());
            }
        }
        shelf.is_read = true;
    }
    let hash = HEXLOWER.encode(Sha256::digest(bytes).get(..6).unwrap_or_default());
    if shelf.hashes.contains(&hash) {
        return Ok(());
    }
    let path = folder.join(format!("{:04}-{hash}.eml", shelf.last_number + 1));
    // Under its name only when it is whole: a viewer that watches the folder reads no half letter.
    let unfinished = path.with_extension("part");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)?;
    shelf.last_number += 1;
    shelf.hashes.insert(hash);
    Ok(())
}
