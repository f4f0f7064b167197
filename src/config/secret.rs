//! Passwords: from a file of mode 0400/0600 or a systemd credential, never from the file itself (T54).

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// A password in memory: redacted in `Debug`, wiped when dropped.
pub type Secret = SecretString;

/// Where a password is found. `#[serde(flatten)]` puts both keys beside the user name.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SecretSource {
    /// A file that holds nothing but the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The name given to `LoadCredential=` in the unit.
    #[serde(default)]
    pub password_credential: Option<String>,
}

impl SecretSource {
    /// Whether a password is named at all.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.password_file.is_some() || self.password_credential.is_some()
    }

    /// Reads the password; one trailing line end is not part of it.
    ///
    /// # Errors
    /// A sentence with the key and the remedy; never the content.
    pub fn read(&self) -> Result<Secret, String> {
        let (path, from_systemd) = match (&self.password_file, &self.password_credential) {
            (Some(_), Some(_)) => {
                return Err("password_file and password_credential are both set; keep one of them".to_owned());
            }
            (Some(path), None) => (path.clone(), false),
            (None, Some(name)) => {
                let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else {
                    return Err(format!(
                        "password_credential = \"{name}\" needs LoadCredential={name}:… in the unit; outside systemd use password_file"
                    ));
                };
                (PathBuf::from(folder).join(name), true)
            }
            (None, None) => {
                return Err("no password_file and no password_credential; set one of them".to_owned());
            }
        };
        let shown = path.display();
        let mode = std::fs::metadata(&path)
            .map_err(|error| format!("{shown}: {}", error.kind()))?
            .permissions()
            .mode();
        if !from_systemd && mode & 0o077 != 0 {
            return Err(format!(
                "{shown} can be read by others (mode {:o}); run: chmod 600 {shown}",
                mode & 0o777
            ));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{shown}: {}", error.kind()))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(format!("{shown} is empty; write the password into it"));
        }
        Ok(Secret::from(text.to_owned()))
    }
}
