//! The letters that the program brings along, by file name below `templates/mail/`.

macro_rules! letters {
    ($($name:literal),* $(,)?) => {
        &[$(
            (concat!("fr/", $name), include_str!(concat!("../../templates/mail/fr/", $name))),
            (concat!("en/", $name), include_str!(concat!("../../templates/mail/en/", $name))),
        )*]
    };
}

/// Every file that a letters' folder may replace. A leading `_` marks a piece that letters include.
pub(super) const FILES: &[(&str, &str)] = letters![
    "_case.txt",
    "_foot.txt",
    "_foot-dpo.txt",
    "confirmation-denied.txt",
    "confirmation-reminder.txt",
    "confirmation-request.txt",
    "dpo-alert.txt",
    "dpo-digest.txt",
    "dpo-due-soon.txt",
    "dpo-new-cases.txt",
    "dpo-overdue.txt",
    "not-understood.txt",
    "opt-out-applied-unconfirmed.txt",
    "opt-out-applied.txt",
    "opt-out-undone.txt",
    "rights-acknowledged.txt",
];
