//! Reads an operator's letters from their folder.

use std::collections::BTreeMap;
use std::path::Path;

/// `fr/confirmation-request.txt` → text, for every `.txt` two levels below `folder`.
///
/// # Errors
/// One sentence that names the folder or file.
pub(super) fn read_folder(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let unreadable = |path: &Path, error: std::io::Error| {
        anyhow::anyhow!("templates: {} cannot be read ({})", path.display(), error.kind())
    };
    std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    for language in ["fr", "en"] {
        let path = folder.join(language);
        let Ok(entries) = std::fs::read_dir(&path) else { continue };
        for entry in entries {
            let file = entry.map_err(|error| unreadable(&path, error))?.path();
            let Some(name) =
                file.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".txt"))
            else {
                continue;
            };
            let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
            files.insert(format!("{language}/{name}"), text);
        }
    }
    Ok(files)
}
